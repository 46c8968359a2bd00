#include "src/data/batch_texts.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <map>
#include <memory_resource>
#include <vector>

#include "src/core/caption_rows.h"

namespace dermatome {
namespace {

using Tokens = std::span<const uint16_t>;

struct TokensLess {
  bool operator()(Tokens a, Tokens b) const { return std::ranges::lexicographical_compare(a, b); }
};

class TextSet {
 public:
  // Makes room for `most` texts at once.
  explicit TextSet(size_t most) : memory_(std::max<size_t>(most, 1) * kNodeBytes) {
    texts_.reserve(most);
  }

  int64_t row_of(Tokens tokens) {
    const auto [entry, added] = rows_.try_emplace(tokens, static_cast<int64_t>(texts_.size()));
    if (added) texts_.push_back(tokens);
    return entry->second;
  }

  void write(BatchTexts& result) const {
    const auto count = static_cast<int64_t>(texts_.size());
    size_t longest = 0;
    for (const Tokens tokens : texts_) longest = std::max(longest, tokens.size());
    result.tokens = at::empty({count, static_cast<int64_t>(longest)}, at::kLong);
    result.lengths = at::empty({count}, at::kLong);
    auto* ids = result.tokens.mutable_data_ptr<int64_t>();
    auto* lengths = result.lengths.mutable_data_ptr<int64_t>();
    for (const Tokens tokens : texts_) {
      std::fill(std::ranges::copy(tokens, ids).out, ids + longest, 0);
      ids += longest;
      *lengths++ = static_cast<int64_t>(tokens.size());
    }
  }

 private:
  // More bytes than an entry of `rows_` takes.
  static constexpr size_t kNodeBytes = 96;

  std::pmr::monotonic_buffer_resource memory_;
  std::pmr::map<Tokens, int64_t, TokensLess> rows_{&memory_};
  std::vector<Tokens> texts_;
};

// What the released code encodes in place of a caption that is not there: an empty table cell reads
// as "nan", the padding of the list of subcaptions is "".
int32_t stand_in(const ShardReader& shard, int64_t k) {
  return k < kFirstSubcaption ? shard.nan_caption() : shard.empty_caption();
}

// The caption-table row to encode for caption `k` of `sample`, -1 for none. Readers refuse shards
// that call a missing caption valid.
int32_t caption_to_encode(const SamplePlace& sample, int64_t k, bool valid,
                          bool texts_for_missing) {
  if (!valid && !texts_for_missing) return -1;
  const int32_t caption = sample.shard->caption_ids(sample.row)[static_cast<size_t>(k)];
  return caption >= 0 ? caption : stand_in(*sample.shard, k);
}

}  // namespace

BatchTexts collect_texts(std::span<const SamplePlace> samples, int64_t num_captions,
                         const TextSelection& selection) {
  const int64_t num_used = selection.only_raw_caption ? kRawCaption + 1 : num_captions;
  BatchTexts result;
  const std::vector<int64_t> shape = {static_cast<int64_t>(samples.size()), num_captions};
  // Not at::full and at::zeros, which start threads of their own on large tensors.
  result.caption = at::empty(shape, at::kLong);
  result.mask = at::empty(shape, at::kBool);
  auto* captions = result.caption.mutable_data_ptr<int64_t>();
  auto* masks = result.mask.mutable_data_ptr<bool>();
  std::fill_n(captions, result.caption.numel(), -1);
  std::fill_n(masks, result.mask.numel(), false);
  TextSet texts(samples.size() * static_cast<size_t>(num_used));
  for (size_t i = 0; i < samples.size(); ++i) {
    const SamplePlace& sample = samples[i];
    for (int64_t k = 0; k < num_used; ++k) {
      const bool valid = sample.shard->mask(sample.row)[static_cast<size_t>(k)] != 0;
      const int32_t caption = caption_to_encode(sample, k, valid, selection.texts_for_missing);
      if (caption < 0) continue;
      const int64_t row = caption_row(static_cast<int64_t>(i), k, num_captions);
      captions[row] = texts.row_of(sample.shard->tokens(caption));
      masks[row] = valid;
    }
  }
  texts.write(result);
  return result;
}

}  // namespace dermatome
