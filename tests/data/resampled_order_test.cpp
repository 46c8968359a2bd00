#include "src/data/resampled_order.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

#include "src/core/error.h"

namespace dermatome {
namespace {

// Pearson's statistic of k counts against their expectations; it has k - 1 degrees of freedom.
double chi_square(const std::vector<int64_t>& counts, const std::vector<double>& expected) {
  double sum = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    const double difference = static_cast<double>(counts[i]) - expected[i];
    sum += difference * difference / expected[i];
  }
  return sum;
}

// The statistic is nearly normal with mean k - 1 and variance 2 (k - 1). The bound is the mean plus
// five standard deviations plus 10.
double chi_square_bound(size_t categories) {
  const auto freedom = static_cast<double>(categories - 1);
  return freedom + 5 * std::sqrt(2 * freedom) + 10;
}

TEST(ResampledOrder, DrawsSourcesByWeightAndTheirSamplesEvenly) {
  const std::vector<int64_t> sizes = {40, 7, 100};
  const std::vector<double> weights = {1, 2, 0.5};
  constexpr int64_t kDraws = 200'000;
  for (const uint64_t seed : {1, 2, 3}) {
    const ResampledOrder order(seed, sizes, weights);
    std::vector<int64_t> of_source(3), of_sample(147);
    for (int64_t place = 0; place < kDraws; ++place) {
      const int64_t sample = order.sample(place % 4, place / 4);
      ASSERT_TRUE(sample >= 0 && sample < 147);
      ++of_sample[static_cast<size_t>(sample)];
      ++of_source[sample < 40 ? 0 : sample < 47 ? 1 : 2];
    }
    std::vector<double> source_expected, sample_expected;
    for (size_t i = 0; i < 3; ++i) {
      source_expected.push_back(kDraws * weights[i] / 3.5);
      sample_expected.insert(sample_expected.end(), static_cast<size_t>(sizes[i]),
                             source_expected[i] / static_cast<double>(sizes[i]));
    }
    EXPECT_LT(chi_square(of_source, source_expected), chi_square_bound(3));
    EXPECT_LT(chi_square(of_sample, sample_expected), chi_square_bound(147));
    // Draws are with replacement: the counts scatter as those of independent draws, not less.
    EXPECT_GT(chi_square(of_sample, sample_expected), 146 - 5 * std::sqrt(2 * 146.0));
  }
}

TEST(ResampledOrder, WithoutWeightsDrawsAllSamplesEvenly) {
  const ResampledOrder order(4, {10, 90}, {});
  std::vector<int64_t> counts(100);
  for (int64_t place = 0; place < 100'000; ++place) {
    ++counts[static_cast<size_t>(order.sample(0, place))];
  }
  EXPECT_LT(chi_square(counts, std::vector<double>(100, 1000)), chi_square_bound(100));
}

TEST(ResampledOrder, DrawsDifferBySeedEpochAndPlace) {
  const ResampledOrder order(1, {1 << 30}, {}), other(2, {1 << 30}, {});
  std::set<int64_t> samples;
  for (int64_t place = 0; place < 100; ++place) {
    samples.insert({order.sample(0, place), order.sample(1, place), other.sample(0, place)});
    EXPECT_EQ(order.sample(0, place), ResampledOrder(1, {1 << 30}, {}).sample(0, place));
  }
  EXPECT_EQ(samples.size(), 300u);
}

TEST(ResampledOrder, ReachesEverySampleOfABillionAndAnyPlace) {
  const ResampledOrder order(1, {1'000'000'000, 1}, {1, 1});
  int64_t largest = 0;
  int last_source = 0;
  for (int64_t place = 0; place < 1000; ++place) {
    const int64_t sample = order.sample(0, (int64_t{1} << 62) + place);
    last_source += sample == 1'000'000'000;
    if (sample < 1'000'000'000) largest = std::max(largest, sample);
  }
  EXPECT_NEAR(last_source, 500, 80);
  EXPECT_GT(largest, 980'000'000);
}

TEST(ResampledOrder, StandInsComeFromTheSameSource) {
  const ResampledOrder order(3, {5, 6}, {3, 1});
  std::vector<int64_t> counts(11);
  for (int64_t place = 0; place < 2000; ++place) {
    const bool second = order.sample(1, place) >= 5;
    for (int64_t attempt = 1; attempt <= 5; ++attempt) {
      const int64_t sample = order.stand_in(1, place, attempt);
      ASSERT_EQ(sample >= 5, second);
      ASSERT_LT(sample, 11);
      EXPECT_EQ(order.stand_in(1, place, attempt), sample);
      ++counts[static_cast<size_t>(sample)];
    }
  }
  std::vector<double> expected(5, 1500);
  expected.insert(expected.end(), 6, 10'000 / 4.0 / 6);
  // All stand-ins of one place come from the same source, so the bound is wide.
  EXPECT_LT(chi_square(counts, expected), 5 * chi_square_bound(11));
  EXPECT_THROW(order.stand_in(0, 0, 0), InternalError);
}

TEST(ResampledOrder, RefusesImpossibleSources) {
  EXPECT_THROW(ResampledOrder(1, {}, {}), InternalError);
  EXPECT_THROW(ResampledOrder(1, {3, 0}, {}), InternalError);
  EXPECT_THROW(ResampledOrder(1, {3, 1}, {1}), InternalError);
  EXPECT_THROW(ResampledOrder(1, {3, 1}, {1, 0}), InternalError);
  EXPECT_THROW(ResampledOrder(1, {3}, {}).sample(0, -1), InternalError);
}

}  // namespace
}  // namespace dermatome
