#include "src/eval/probe/draws.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "src/core/error.h"

namespace dermatome {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

// Labels of 20 samples of class 0, 10 of class 1 and 5 of class 2, mixed.
at::Tensor mixed_labels() {
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < 35; ++i) labels.push_back(i % 7 < 4 ? 0 : i % 7 < 6 ? 1 : 2);
  return at::tensor(labels, at::kLong);
}

const std::vector<std::string> kLabels = {"nevus", "melanoma", "wart"};

std::set<int64_t> as_set(const at::Tensor& indices) {
  const auto* data = indices.const_data_ptr<int64_t>();
  return {data, data + indices.numel()};
}

bool contains(const at::Tensor& more, const at::Tensor& fewer) {
  const std::set<int64_t> large = as_set(more), small = as_set(fewer);
  return std::ranges::includes(large, small);
}

TEST(DrawShots, GivesEveryClassTheSameNumberOfSamplesAndNoneTwice) {
  const at::Tensor labels = mixed_labels();
  for (const int64_t shots : {1, 3, 5}) {
    const at::Tensor rows = draw_shots(labels, kLabels, shots, /*seed=*/4, /*repetition=*/2);
    EXPECT_EQ(as_set(rows).size(), 3 * shots);
    const at::Tensor counts = at::bincount(labels.index_select(0, rows));
    EXPECT_TRUE(counts.equal(at::full({3}, shots, at::kLong))) << shots;
    EXPECT_TRUE(rows.equal(std::get<0>(rows.sort())));
  }
}

TEST(DrawShots, AreTheSameOnlyForTheSameSeedAndRepetition) {
  const at::Tensor labels = mixed_labels();
  const at::Tensor rows = draw_shots(labels, kLabels, 4, 1, 0);
  EXPECT_TRUE(rows.equal(draw_shots(labels, kLabels, 4, 1, 0)));
  EXPECT_FALSE(rows.equal(draw_shots(labels, kLabels, 4, 1, 1)));
  EXPECT_FALSE(rows.equal(draw_shots(labels, kLabels, 4, 2, 0)));
  EXPECT_TRUE(contains(rows, draw_shots(labels, kLabels, 2, 1, 0)));
}

TEST(DrawShots, GiveEverySampleAnEqualChance) {
  const at::Tensor labels = mixed_labels();
  at::Tensor drawn = at::zeros({35}, at::kDouble);
  constexpr int kRepetitions = 2000;
  for (uint64_t repetition = 0; repetition < kRepetitions; ++repetition) {
    drawn.index_add_(0, draw_shots(labels, kLabels, 2, 3, repetition), at::ones({6}, at::kDouble));
  }
  // Two samples of 20, of 10 and of 5 are drawn. The bound is five standard deviations of the last.
  const at::Tensor expected =
      at::tensor({0.1, 0.2, 0.4}, at::kDouble).index_select(0, labels) * kRepetitions;
  EXPECT_LT((drawn - expected).abs().max().item<double>(), 5 * std::sqrt(0.24 * kRepetitions));
}

TEST(DrawShots, NamesTheClassThatHasTooFew) {
  EXPECT_THAT([] { draw_shots(mixed_labels(), kLabels, 6, 0, 0); },
              ThrowsMessage<DataError>(HasSubstr("class 'wart' has 5 training samples, fewer than "
                                                 "6 shots")));
  EXPECT_THAT(
      [] {
        draw_shots(mixed_labels(), {"a", "b", "c", "lichen"}, 1, 0, 0);
      },
      ThrowsMessage<DataError>(HasSubstr("class 'lichen' has 0 training samples")));
}

TEST(DrawShare, HasTheWantedSizeAndIsPartOfLargerShares) {
  EXPECT_EQ(draw_share(35, 0.001, 0, 0).numel(), 1);
  EXPECT_EQ(as_set(draw_share(35, 0.2, 0, 0)).size(), 7);
  EXPECT_TRUE(draw_share(35, 1, 0, 5).equal(at::arange(35)));
  EXPECT_TRUE(contains(draw_share(35, 0.5, 0, 0), draw_share(35, 0.2, 0, 0)));
  EXPECT_FALSE(draw_share(35, 0.2, 0, 0).equal(draw_share(35, 0.2, 0, 1)));
}

TEST(HoldOut, TakesTheSameShareOfEveryClassButNeverItsOnlySample) {
  const at::Tensor labels = at::cat({mixed_labels(), at::full({1}, 3, at::kLong)});
  const Division parts = hold_out(labels, 4, 0.4, /*seed=*/7);
  EXPECT_TRUE(at::bincount(labels.index_select(0, parts.held_out), {}, 4)
                  .equal(at::tensor({8, 4, 2, 0}, at::kLong)));
  EXPECT_TRUE(std::get<0>(at::cat({parts.kept, parts.held_out}).sort()).equal(at::arange(36)));
  EXPECT_TRUE(parts.held_out.equal(hold_out(labels, 4, 0.4, 7).held_out));
  EXPECT_EQ(hold_out(labels, 4, 0.01, 7).held_out.numel(), 0);
}

TEST(DrawRows, AreTheShotsOrTheShareThatAreAskedFor) {
  const at::Tensor labels = mixed_labels();
  EXPECT_TRUE(draw_rows({.shots = 2, .fraction = {}}, labels, kLabels, 3, 1)
                  .equal(draw_shots(labels, kLabels, 2, 3, 1)));
  EXPECT_TRUE(draw_rows({.shots = {}, .fraction = 0.2}, labels, kLabels, 3, 1)
                  .equal(draw_share(35, 0.2, 3, 1)));
  EXPECT_TRUE(draw_rows({}, labels, kLabels, 3, 1).equal(at::arange(35)));
}

}  // namespace
}  // namespace dermatome
