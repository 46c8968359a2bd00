#include "src/eval/bootstrap.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <mutex>
#include <numeric>
#include <set>

namespace dermatome {
namespace {

std::vector<int64_t> singles(size_t n) {
  std::vector<int64_t> group(n);
  std::iota(group.begin(), group.end(), int64_t{0});
  return group;
}

// The weighted share of the first `positives` samples.
WeightedScores share_of_first(size_t positives) {
  return [positives](std::span<const double> weights) -> std::map<std::string, double> {
    const double all = std::accumulate(weights.begin(), weights.end(), 0.0);
    return {{"share", std::accumulate(weights.begin(), weights.begin() + positives, 0.0) / all}};
  };
}

TEST(Bootstrap, IsTheBinomialIntervalForAShare) {
  const auto interval = bootstrap_intervals(share_of_first(120), singles(400), 4000).at("share");
  const double deviation = std::sqrt(0.3 * 0.7 / 400);
  EXPECT_NEAR(interval.low, 0.3 - 1.96 * deviation, 0.006);
  EXPECT_NEAR(interval.high, 0.3 + 1.96 * deviation, 0.006);
}

TEST(Bootstrap, ResamplesGroupsAsAWhole) {
  // 400 samples in 40 groups have the interval of 40 independent samples.
  std::vector<int64_t> group(400);
  for (size_t i = 0; i < group.size(); ++i) group[i] = static_cast<int64_t>(i / 10);
  std::mutex mutex;
  bool whole = true;
  const auto scores = [&](std::span<const double> weights) -> std::map<std::string, double> {
    const std::lock_guard lock(mutex);
    for (size_t i = 0; i < weights.size(); ++i) whole = whole && weights[i] == weights[i / 10 * 10];
    return share_of_first(120)(weights);
  };
  const auto interval = bootstrap_intervals(scores, group, 4000).at("share");
  EXPECT_TRUE(whole);
  const double deviation = std::sqrt(0.3 * 0.7 / 40);
  EXPECT_NEAR(interval.low, 0.3 - 1.96 * deviation, 0.03);
  EXPECT_NEAR(interval.high, 0.3 + 1.96 * deviation, 0.03);
}

TEST(Bootstrap, IsTheSameOnAnyNumberOfThreads) {
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const auto one = bootstrap_intervals(share_of_first(3), singles(10), 200).at("share");
  at::set_num_threads(3);
  const auto three = bootstrap_intervals(share_of_first(3), singles(10), 200).at("share");
  at::set_num_threads(threads);
  EXPECT_EQ(one.low, three.low);
  EXPECT_EQ(one.high, three.high);
}

TEST(Bootstrap, LeavesOutResamplesWithoutAScore) {
  const auto scores = [](std::span<const double> weights) -> std::map<std::string, double> {
    constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    return {{"never", kNone}, {"sometimes", weights[0] > 0 ? 1.0 : kNone}};
  };
  const auto intervals = bootstrap_intervals(scores, singles(4), 100);
  EXPECT_TRUE(std::isnan(intervals.at("never").low));
  EXPECT_EQ(intervals.at("sometimes").low, 1);
  EXPECT_EQ(intervals.at("sometimes").high, 1);
}

}  // namespace
}  // namespace dermatome
