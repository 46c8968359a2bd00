#include "src/data/shuffled_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <set>
#include <unordered_set>
#include <vector>

#include "src/core/error.h"

namespace dermatome {
namespace {

std::vector<int64_t> epoch_of(const ShuffledOrder& order, int64_t num_samples, int64_t epoch) {
  std::vector<int64_t> samples(static_cast<size_t>(num_samples));
  for (int64_t place = 0; place < num_samples; ++place) {
    samples[static_cast<size_t>(place)] = order.sample(epoch, place);
  }
  return samples;
}

TEST(ShuffledOrder, VisitsEverySampleOnceForEverySizeBlockAndWindow) {
  for (int64_t num_samples = 1; num_samples <= 300; ++num_samples) {
    std::vector<int64_t> all(static_cast<size_t>(num_samples));
    std::iota(all.begin(), all.end(), 0);
    for (const int64_t block : {1, 2, 7, 64, 1000}) {
      for (const int64_t window : {1, 3, 8, 1000}) {
        const ShuffledOrder order(17, num_samples, block, window);
        std::vector<int64_t> samples = epoch_of(order, num_samples, num_samples % 5);
        std::sort(samples.begin(), samples.end());
        ASSERT_EQ(samples, all) << num_samples << " samples, block " << block << ", window "
                                << window;
      }
    }
  }
}

TEST(ShuffledOrder, StaysInjectiveForABillionSamples) {
  constexpr int64_t kSamples = 1'000'000'007;
  const ShuffledOrder order(3, kSamples, 64, 64);
  std::unordered_set<int64_t> seen;
  for (int64_t i = 0; i < 100'000; ++i) {
    const int64_t sample = order.sample(9, i % 3 == 0 ? i * 9'000 : kSamples - 1 - i);
    ASSERT_GE(sample, 0);
    ASSERT_LT(sample, kSamples);
    seen.insert(sample);
  }
  EXPECT_EQ(seen.size(), 100'000u);
}

TEST(ShuffledOrder, AcceptsBlocksAndWindowsWhoseProductWouldOverflow) {
  const ShuffledOrder order(3, 1000, INT64_MAX, INT64_MAX);
  std::set<int64_t> seen;
  for (int64_t place = 0; place < 1000; ++place) seen.insert(order.sample(0, place));
  EXPECT_EQ(seen.size(), 1000u);
}

TEST(ShuffledOrder, DiffersForEverySeedAndEpoch) {
  std::set<std::vector<int64_t>> orders;
  for (const uint64_t seed : {0, 1, 2}) {
    const ShuffledOrder order(seed, 500, 8, 8);
    for (int64_t epoch = 0; epoch < 4; ++epoch) orders.insert(epoch_of(order, 500, epoch));
  }
  EXPECT_EQ(orders.size(), 12u);
  EXPECT_EQ(epoch_of(ShuffledOrder(1, 500, 8, 8), 500, 3),
            epoch_of(ShuffledOrder(1, 500, 8, 8), 500, 3));
}

// A uniformly random permutation moves an element by n/3 on average, and keeps the rank correlation
// near 0.
TEST(ShuffledOrder, MovesSamplesAsFarAsARandomOrderWould) {
  constexpr int64_t kSamples = 20'000;
  const ShuffledOrder order(11, kSamples, 16, 32);
  for (int64_t epoch = 0; epoch < 3; ++epoch) {
    const auto samples = epoch_of(order, kSamples, epoch);
    double displacement = 0;
    double product = 0;
    for (int64_t place = 0; place < kSamples; ++place) {
      const auto sample = static_cast<double>(samples[static_cast<size_t>(place)]);
      displacement += std::abs(sample - static_cast<double>(place));
      product += (sample - kSamples / 2.0) * (static_cast<double>(place) - kSamples / 2.0);
    }
    const double variance = static_cast<double>(kSamples) * kSamples / 12.0;
    EXPECT_NEAR(displacement / kSamples, kSamples / 3.0, kSamples * 0.04);
    EXPECT_NEAR(product / kSamples / variance, 0.0, 0.15);
  }
}

TEST(ShuffledOrder, ReadsOnlyAWindowOfBlocksAtATime) {
  constexpr int64_t kSamples = 64'000;
  constexpr int64_t kBlock = 50;
  constexpr int64_t kWindow = 20;
  const ShuffledOrder order(4, kSamples, kBlock, kWindow);
  for (int64_t start = 0; start < kSamples; start += kBlock * kWindow) {
    std::vector<int64_t> samples;
    for (int64_t i = 0; i < kBlock * kWindow; ++i) samples.push_back(order.sample(1, start + i));
    EXPECT_FALSE(std::is_sorted(samples.begin(), samples.end()));
    std::sort(samples.begin(), samples.end());
    int64_t runs = 1;
    for (size_t i = 1; i < samples.size(); ++i) runs += samples[i] != samples[i - 1] + 1;
    ASSERT_LE(runs, kWindow + 1);  // one block may wrap around the end of the data set
  }
}

TEST(ShuffledOrder, DropsOtherSamplesEveryEpoch) {
  constexpr int64_t kSamples = 103;  // a last block of 3
  const ShuffledOrder order(8, kSamples, 10, 1);
  std::set<int64_t> last;
  for (int64_t epoch = 0; epoch < 200; ++epoch) last.insert(order.sample(epoch, kSamples - 1));
  EXPECT_GT(last.size(), 70u);
}

TEST(ShuffledOrder, RefusesImpossibleSizes) {
  EXPECT_THROW(ShuffledOrder(1, 0, 1, 1), InternalError);
  EXPECT_THROW(ShuffledOrder(1, 10, 0, 1), InternalError);
  EXPECT_THROW(ShuffledOrder(1, 10, 1, 0), InternalError);
  EXPECT_THROW(ShuffledOrder(1, 10, 1, 1).sample(0, 10), InternalError);
}

TEST(ShuffledOrder, StandInsAreDrawnEvenlyAndDifferByPlaceAndAttempt) {
  const ShuffledOrder order(3, 10, 2, 2);
  std::array<int, 10> seen{};
  for (int64_t place = 0; place < 10; ++place) {
    for (int64_t epoch = 0; epoch < 100; ++epoch) {
      for (int64_t attempt = 1; attempt <= 3; ++attempt) {
        const int64_t sample = order.stand_in(epoch, place, attempt);
        ASSERT_TRUE(sample >= 0 && sample < 10);
        ++seen[static_cast<size_t>(sample)];
        EXPECT_EQ(order.stand_in(epoch, place, attempt), sample);
      }
    }
  }
  for (const int count : seen) EXPECT_NEAR(count, 300, 5 * 17);
  EXPECT_THROW(order.stand_in(0, 0, 0), InternalError);
}

}  // namespace
}  // namespace dermatome
