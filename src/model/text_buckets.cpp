#include "src/model/text_buckets.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace dermatome {
namespace {

constexpr int64_t kColumnStep = 8;
constexpr size_t kMinBucketRows = 16;

}  // namespace

std::vector<TextBucket> text_buckets(std::span<const int64_t> lengths, int64_t max_columns) {
  std::vector<int64_t> rows(lengths.size());
  std::iota(rows.begin(), rows.end(), 0);
  std::stable_sort(rows.begin(), rows.end(),
                   [&](int64_t a, int64_t b) { return lengths[a] < lengths[b]; });
  std::vector<TextBucket> buckets;
  TextBucket open;
  for (const int64_t row : rows) {
    const int64_t rounded = (lengths[row] + kColumnStep - 1) / kColumnStep * kColumnStep;
    const int64_t columns = std::min(rounded, max_columns);
    if (columns > open.columns && open.rows.size() >= kMinBucketRows) {
      buckets.push_back(std::exchange(open, {}));
    }
    open.columns = columns;
    open.rows.push_back(row);
  }
  if (!open.rows.empty()) buckets.push_back(std::move(open));
  return buckets;
}

}  // namespace dermatome
