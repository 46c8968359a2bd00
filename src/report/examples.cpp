#include "src/report/examples.h"

#include <algorithm>

#include "src/core/caption_rows.h"
#include "src/core/log.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

// Records of a part that are looked at: to look at millions would open every shard.
constexpr int64_t kLookedAt = 64;

// The number of subcaptions of a record with a raw caption; -1 for a record without one.
int64_t count_subcaptions(const ShardedDataset& dataset, int64_t index) {
  const auto [shard, row] = dataset.locate(index);
  const auto mask = shard->mask(row);
  if (mask[kRawCaption] == 0) return -1;
  return std::count_if(mask.begin() + kFirstSubcaption, mask.end(),
                       [](uint8_t valid) { return valid != 0; });
}

}  // namespace

bool Example::has_raw_caption() const {
  return !captions.empty() && captions.front().place == kRawCaption;
}

std::vector<size_t> Example::subcaptions() const {
  std::vector<size_t> places;
  for (size_t i = 0; i < captions.size(); ++i) {
    if (captions[i].place >= kFirstSubcaption) places.push_back(i);
  }
  return places;
}

std::vector<int64_t> choose_rows(const ShardedDataset& dataset, int64_t number) {
  const int64_t parts = std::min(number, dataset.size());
  std::vector<int64_t> rows;
  for (int64_t part = 0; part < parts; ++part) {
    const int64_t first = part * dataset.size() / parts;
    const int64_t last = std::min((part + 1) * dataset.size() / parts, first + kLookedAt);
    int64_t best = first;
    int64_t most = -1;
    for (int64_t row = first; row < last; ++row) {
      const int64_t found = count_subcaptions(dataset, row);
      if (found > most) {
        best = row;
        most = found;
      }
    }
    rows.push_back(best);
  }
  return rows;
}

std::vector<Example> read_examples(const ShardedDataset& dataset,
                                   const std::vector<int64_t>& rows) {
  std::vector<Example> examples;
  for (const int64_t index : rows) {
    const auto [shard, row] = dataset.locate(index);
    Example example{index, shard->source(row), {}, {}};
    try {
      shard->decode(row, example.image);
    } catch (const CorruptRecord& error) {
      log_warning(text("left out: ", error.what()));
      continue;
    }
    const auto captions = shard->caption_ids(row);
    for (size_t k = 0; k < captions.size(); ++k) {
      if (shard->mask(row)[k] == 0) continue;
      example.captions.push_back(
          {shard->header().aspects[k], shard->caption_text(captions[k]), static_cast<int64_t>(k)});
    }
    examples.push_back(std::move(example));
  }
  return examples;
}

}  // namespace dermatome
