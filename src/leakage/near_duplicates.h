// Images that occur twice, within a set or in two sets: copies, which training weighs double, or
// test images that training has seen.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "src/leakage/image_hash.h"

namespace dermatome {

// Hashes at most this far apart are taken for one image: about a sixth of the bits. Copies in
// other sizes and qualities stay below it, also of images without fine structure, whose highest
// frequencies are mostly noise (tests/leakage/near_duplicates_test.cpp).
inline constexpr int kNearDistance = 40;

struct NearDuplicate {
  size_t a = 0;  // place in the first set
  size_t b = 0;  // in the second; within one set: a < b
  int distance = 0;
  bool operator==(const NearDuplicate&) const = default;
};

// All pairs at most `max_distance` apart, ordered by a, then b. Compares every image with every
// other one: 10^5 with 10^5 take about a minute of one core. `num_threads` as for parallel_for.
// Throws DataError for more than kMaxPairs.
inline constexpr size_t kMaxPairs = 10'000'000;
std::vector<NearDuplicate> near_duplicates_within(std::span<const ImageHash> set, int max_distance,
                                                  int num_threads);
std::vector<NearDuplicate> near_duplicates_between(std::span<const ImageHash> a,
                                                   std::span<const ImageHash> b, int max_distance,
                                                   int num_threads);

}  // namespace dermatome
