// Groups texts of similar length, so that attention does not pad a batch to its longest text.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace dermatome {

// Texts that attend in one call, padded to `columns`.
struct TextBucket {
  int64_t columns = 0;
  std::vector<int64_t> rows;  // ascending lengths; equal lengths in their original order
};

// Returns every row exactly once, in buckets of rising `columns`: lengths rounded up to a multiple
// of 8, at most `max_columns`. A bucket too small to be worth kernels of its own is merged into the
// next longer bucket.
std::vector<TextBucket> text_buckets(std::span<const int64_t> lengths, int64_t max_columns);

}  // namespace dermatome
