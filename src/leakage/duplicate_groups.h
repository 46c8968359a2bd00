// Images of one set that are near-duplicates of each other, in groups.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "src/leakage/image_hash.h"

namespace dermatome {

// A copy, and how many bits its hash differs from that of the first image of its group.
struct DuplicateCopy {
  size_t image = 0;  // place in the set
  int distance = 0;
  bool operator==(const DuplicateCopy&) const = default;
};

struct DuplicateGroup {
  size_t first = 0;                   // place in the set, the lowest of the group
  std::vector<DuplicateCopy> copies;  // the others, ascending; at least one
  bool operator==(const DuplicateGroup&) const = default;
};

// Two images are in one group if a chain of images leads from one to the other in which neighbors
// are at most `max_distance` apart; the ends of a chain may be farther apart. Large groups come
// first, equally large ones in the order of their first images. Images with equal hashes count as
// one while pairs are compared, so an image may occur any number of times. `num_threads` and errors
// are those of near_duplicates_within().
std::vector<DuplicateGroup> group_near_duplicates(std::span<const ImageHash> set, int max_distance,
                                                  int num_threads);

}  // namespace dermatome
