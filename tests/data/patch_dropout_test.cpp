#include "src/data/patch_dropout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace dermatome {
namespace {

std::vector<int64_t> draw(int64_t num_patches, int64_t num_kept, uint64_t seed, int64_t epoch,
                          int64_t place) {
  std::vector<int64_t> kept(static_cast<size_t>(num_kept), -1);
  draw_kept_patches(kept, num_patches, seed, epoch, place);
  return kept;
}

TEST(PatchDropout, KeepsAsManyPatchesAsOpenClip) {
  EXPECT_EQ(num_kept_patches(196, 0.5), 98);
  EXPECT_EQ(num_kept_patches(49, 0.5), 24);
  EXPECT_EQ(num_kept_patches(196, 0.0), 196);
  EXPECT_EQ(num_kept_patches(4, 0.99), 1);
}

TEST(PatchDropout, KeepsDistinctPatchesInAscendingOrder) {
  for (int64_t place = 0; place < 200; ++place) {
    const std::vector<int64_t> kept = draw(16, 1 + place % 16, 3, 1, place);
    EXPECT_TRUE(std::ranges::is_sorted(kept));
    EXPECT_EQ(std::ranges::adjacent_find(kept), kept.end());
    EXPECT_GE(kept.front(), 0);
    EXPECT_LT(kept.back(), 16);
  }
}

TEST(PatchDropout, DependsOnSeedEpochAndPlaceAlone) {
  const std::vector<int64_t> kept = draw(196, 98, 3, 1, 5);
  EXPECT_EQ(draw(196, 98, 3, 1, 5), kept);
  EXPECT_NE(draw(196, 98, 4, 1, 5), kept);
  EXPECT_NE(draw(196, 98, 3, 2, 5), kept);
  EXPECT_NE(draw(196, 98, 3, 1, 6), kept);
}

TEST(PatchDropout, KeepsEveryPairOfPatchesEquallyOften) {
  constexpr int64_t kDraws = 30'000, kPatches = 6, kKept = 2;
  std::vector<int64_t> counts(kPatches * kPatches, 0);
  for (int64_t place = 0; place < kDraws; ++place) {
    const std::vector<int64_t> kept = draw(kPatches, kKept, 3, 0, place);
    ++counts[static_cast<size_t>(kept[0] * kPatches + kept[1])];
  }
  // Each of the 15 pairs is expected 2000 times, with a standard deviation of 43.
  for (int64_t a = 0; a < kPatches; ++a) {
    for (int64_t b = a + 1; b < kPatches; ++b) {
      EXPECT_NEAR(static_cast<double>(counts[static_cast<size_t>(a * kPatches + b)]), 2000, 215);
    }
  }
}

}  // namespace
}  // namespace dermatome
