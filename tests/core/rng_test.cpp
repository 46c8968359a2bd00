#include "src/core/rng.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

#include "src/core/error.h"

namespace dermatome {
namespace {

TEST(Philox, MatchesTheVectorsOfItsAuthors) {
  using Block = std::array<uint32_t, 4>;
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
            (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Rng, IsAPureFunctionOfItsName) {
  Rng first(7, RngPurpose::kAugmentation, 3, 11);
  Rng second(7, RngPurpose::kAugmentation, 3, 11);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(first.next_u64(), second.next_u64());
}

TEST(Rng, EveryPartOfTheNameMakesAnotherStream) {
  std::set<uint64_t> first_draws;
  for (uint64_t seed : {0, 1}) {
    for (RngPurpose purpose : {RngPurpose::kOrder, RngPurpose::kAugmentation}) {
      for (uint64_t a : {0, 1}) {
        for (uint64_t b : {uint64_t{0}, uint64_t{1}, uint64_t{1} << 32}) {
          first_draws.insert(Rng(seed, purpose, a, b).next_u64());
        }
      }
    }
  }
  EXPECT_EQ(first_draws.size(), 24u);
}

TEST(Rng, BelowIsUniformAndBounded) {
  Rng rng(1, RngPurpose::kTest);
  std::vector<int> counts(7);
  constexpr int kDraws = 70000;
  for (int i = 0; i < kDraws; ++i) ++counts.at(rng.below(7));
  for (const int count : counts) EXPECT_NEAR(count, kDraws / 7, 5 * std::sqrt(kDraws / 7));
  EXPECT_THROW(rng.below(0), InternalError);
}

TEST(Rng, NormalHasUnitMoments) {
  Rng rng(2, RngPurpose::kTest);
  double sum = 0;
  double sum_of_squares = 0;
  constexpr int kDraws = 100000;
  for (int i = 0; i < kDraws; ++i) {
    const double value = rng.normal();
    sum += value;
    sum_of_squares += value * value;
  }
  EXPECT_NEAR(sum / kDraws, 0, 0.02);
  EXPECT_NEAR(sum_of_squares / kDraws, 1, 0.03);
}

}  // namespace
}  // namespace dermatome
