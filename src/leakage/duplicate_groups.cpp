#include "src/leakage/duplicate_groups.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "src/leakage/near_duplicates.h"

namespace dermatome {
namespace {

// Which images belong together. The lowest place stands for its group.
class Forest {
 public:
  explicit Forest(size_t size) : parent_(size) { std::iota(parent_.begin(), parent_.end(), 0); }

  size_t root(size_t place) {
    while (parent_[place] != place) place = parent_[place] = parent_[parent_[place]];
    return place;
  }

  void join(size_t a, size_t b) {
    a = root(a);
    b = root(b);
    parent_[std::max(a, b)] = std::min(a, b);
  }

 private:
  std::vector<size_t> parent_;
};

}  // namespace

std::vector<DuplicateGroup> group_near_duplicates(std::span<const ImageHash> set, int max_distance,
                                                  int num_threads) {
  Forest forest(set.size());
  std::vector<ImageHash> distinct;
  std::vector<size_t> places;  // [distinct]: the first image with this hash
  std::map<decltype(ImageHash::bits), size_t> known;
  for (size_t i = 0; i < set.size(); ++i) {
    const auto [entry, is_new] = known.try_emplace(set[i].bits, i);
    if (is_new) {
      distinct.push_back(set[i]);
      places.push_back(i);
    } else {
      forest.join(entry->second, i);
    }
  }
  for (const auto& [a, b, bits] : near_duplicates_within(distinct, max_distance, num_threads)) {
    forest.join(places[a], places[b]);
  }
  std::map<size_t, DuplicateGroup> by_first;
  for (size_t i = 0; i < set.size(); ++i) {
    const size_t first = forest.root(i);
    if (first == i) continue;
    DuplicateGroup& group = by_first[first];
    group.first = first;
    group.copies.push_back({i, distance(set[first], set[i])});
  }
  std::vector<DuplicateGroup> groups;
  for (auto& [first, group] : by_first) groups.push_back(std::move(group));
  std::ranges::stable_sort(groups, std::greater{},
                           [](const DuplicateGroup& group) { return group.copies.size(); });
  return groups;
}

}  // namespace dermatome
