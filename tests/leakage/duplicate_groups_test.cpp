#include "src/leakage/duplicate_groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dermatome {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

ImageHash with_bits(uint64_t first, uint64_t last = 0) { return {{first, 0, 0, last}}; }

TEST(DuplicateGroups, HoldChainsOfNearImagesTheLargestFirst) {
  const std::vector<ImageHash> set = {
      with_bits(0, ~0ULL), with_bits(0),        // far from each other
      with_bits(1),        with_bits(3),        // a chain from 1: one bit more each
      with_bits(0xff00),   with_bits(1, ~0ULL)  // alone; near 0
  };
  const DuplicateGroup chain{1, {{2, 1}, {3, 2}}};
  const DuplicateGroup pair{0, {{5, 1}}};
  for (const int threads : {1, 3}) {
    EXPECT_THAT(group_near_duplicates(set, 1, threads), ElementsAre(chain, pair));
  }
  EXPECT_THAT(group_near_duplicates(set, 0, 1), IsEmpty());
}

TEST(DuplicateGroups, HoldAnImageThatOccursVeryOften) {
  // All pairs of 6,000 equal images would be 18 million.
  std::vector<ImageHash> set(6000);
  set.push_back(with_bits(1));
  const auto groups = group_near_duplicates(set, 1, 2);
  ASSERT_EQ(groups.size(), 1);
  EXPECT_EQ(groups.front().first, 0);
  EXPECT_EQ(groups.front().copies.size(), 6000);
  EXPECT_EQ(groups.front().copies.back(), (DuplicateCopy{6000, 1}));
}

}  // namespace
}  // namespace dermatome
