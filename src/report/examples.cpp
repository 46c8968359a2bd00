#include "src/report/examples.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "src/core/caption_rows.h"
#include "src/core/log.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

// Records of a part that are looked at: to look at millions would open every shard.
constexpr int64_t kLookedAt = 64;

using Tokens = std::vector<uint16_t>;

// How worth showing a record is; the greatest is shown.
struct Worth {
  bool has_raw_caption = false;
  bool is_new = false;  // no record before has its raw caption
  int64_t subcaptions = 0;
  Tokens raw_caption = {};  // empty without one

  auto rank() const { return std::tuple(has_raw_caption, is_new, subcaptions); }
};

Worth worth_of(const ShardedDataset& dataset, int64_t index, const std::set<Tokens>& shown) {
  const auto [shard, row] = dataset.locate(index);
  const auto mask = shard->mask(row);
  if (mask[kRawCaption] == 0) return {};
  const auto tokens = shard->tokens(shard->caption_ids(row)[kRawCaption]);
  Worth worth{.has_raw_caption = true, .raw_caption = Tokens(tokens.begin(), tokens.end())};
  worth.is_new = !shown.contains(worth.raw_caption);
  worth.subcaptions = std::count_if(mask.begin() + kFirstSubcaption, mask.end(),
                                    [](uint8_t valid) { return valid != 0; });
  return worth;
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
  std::set<Tokens> shown;
  for (int64_t part = 0; part < parts; ++part) {
    const int64_t first = part * dataset.size() / parts;
    const int64_t last = std::min((part + 1) * dataset.size() / parts, first + kLookedAt);
    int64_t best_row = first;
    Worth best;
    for (int64_t row = first; row < last; ++row) {
      Worth worth = worth_of(dataset, row, shown);
      if (worth.rank() <= best.rank()) continue;
      best_row = row;
      best = std::move(worth);
    }
    rows.push_back(best_row);
    shown.insert(std::move(best.raw_caption));
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
