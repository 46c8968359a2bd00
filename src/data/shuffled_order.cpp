#include "src/data/shuffled_order.h"

#include <algorithm>

#include "src/core/error.h"
#include "src/core/keyed_permutation.h"
#include "src/core/rng.h"

namespace dermatome {
namespace {

int64_t ceil_divide(int64_t a, int64_t b) { return a / b + (a % b != 0); }

}  // namespace

ShuffledOrder::ShuffledOrder(uint64_t seed, int64_t num_samples, int64_t block, int64_t window)
    : seed_(seed), num_samples_(num_samples), block_(block), window_(window) {
  require(num_samples >= 1 && block >= 1 && window >= 1,
          "an order of no samples, or in blocks or windows of nothing");
  // Larger values mean the same and could overflow.
  block_ = std::min(block_, num_samples_);
  window_ = std::min(window_, ceil_divide(num_samples_, block_));
}

int64_t ShuffledOrder::sample(int64_t epoch, int64_t place) const {
  require(place >= 0 && place < num_samples_, "a place outside the epoch");
  const int64_t window_size = block_ * window_;
  const int64_t window = place / window_size;
  const int64_t window_start = window * window_size;

  Rng epoch_stream(seed_, RngPurpose::kOrder, static_cast<uint64_t>(epoch));
  const auto rotation =
      static_cast<int64_t>(epoch_stream.below(static_cast<uint64_t>(num_samples_)));
  const uint64_t block_key = epoch_stream.next_u64();
  Rng window_stream(seed_, RngPurpose::kOrder, static_cast<uint64_t>(epoch),
                    static_cast<uint64_t>(window) + 1);

  const KeyedPermutation within_window(window_stream.next_u64(),
                                       std::min(window_size, num_samples_ - window_start));
  const int64_t mixed = window_start + within_window(place - window_start);

  int64_t block = mixed / block_;
  if (const int64_t full_blocks = num_samples_ / block_; block < full_blocks) {
    block = KeyedPermutation(block_key, full_blocks)(block);
  }
  // The last, short block keeps its place. Every epoch cuts the blocks from another starting point,
  // so that it is not always the same samples that come last, where drop-last would never train on
  // them.
  const int64_t offset_in_epoch = block * block_ + mixed % block_;
  return offset_in_epoch < num_samples_ - rotation ? offset_in_epoch + rotation
                                                   : offset_in_epoch - (num_samples_ - rotation);
}

int64_t ShuffledOrder::stand_in(int64_t epoch, int64_t place, int64_t attempt) const {
  require(attempt >= 1, "a stand-in for nothing");
  Rng stream(seed_, RngPurpose::kSubstitute, static_cast<uint64_t>(epoch),
             static_cast<uint64_t>(place));
  uint64_t sample = 0;
  for (int64_t i = 0; i < attempt; ++i) sample = stream.below(static_cast<uint64_t>(num_samples_));
  return static_cast<int64_t>(sample);
}

}  // namespace dermatome
