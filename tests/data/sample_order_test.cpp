#include "src/data/sample_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <thread>
#include <vector>

#include "src/config/data_options.h"
#include "src/core/error.h"

namespace dermatome {
namespace {

const std::vector<int64_t> kSizes = {401, 13, 586};  // 1000 samples
constexpr int64_t kGlobalBatch = 192;                // divisible by every world size below
constexpr int64_t kSteps = 1000 / kGlobalBatch;      // steps per epoch

DataOptions options_of(Sampling sampling) {
  DataOptions options;
  options.sampling = sampling;
  options.shuffle_block = 16;
  options.shuffle_window = 4;
  if (sampling == Sampling::kResampled) options.weights = {1, 2, 0.5};
  return options;
}

// The global batches of `steps` steps from (epoch, step) on, as `world` ranks make them that start
// there. Each rank has an order of its own and asks it from `threads` threads.
std::vector<std::vector<int64_t>> batches_of(Sampling sampling, int64_t world, int64_t threads,
                                             int64_t epoch, int64_t step, int64_t steps) {
  std::vector<std::vector<int64_t>> batches(static_cast<size_t>(steps),
                                            std::vector<int64_t>(kGlobalBatch));
  const int64_t count = kGlobalBatch / world;
  for (int64_t rank = 0; rank < world; ++rank) {
    const auto order = make_order(5, options_of(sampling), kSizes);
    const auto read = [&](int64_t thread) {
      for (int64_t s = 0; s < steps; ++s) {
        const int64_t at_epoch = epoch + (step + s) / kSteps;
        const int64_t first = (step + s) % kSteps * kGlobalBatch;
        for (int64_t i = rank * count + thread; i < (rank + 1) * count; i += threads) {
          batches[static_cast<size_t>(s)][static_cast<size_t>(i)] =
              order->sample(at_epoch, first + i);
        }
      }
    };
    std::vector<std::jthread> readers;
    for (int64_t thread = 1; thread < threads; ++thread) readers.emplace_back(read, thread);
    read(0);
  }
  return batches;
}

class SampleOrderTest : public testing::TestWithParam<Sampling> {};

TEST_P(SampleOrderTest, IsTheSameForAnyRanksThreadsEpochsAndStarts) {
  constexpr int64_t kEpochs = 3;
  const auto all = batches_of(GetParam(), 1, 1, 0, 0, kEpochs * kSteps);
  for (const int64_t world : {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64}) {
    for (const int64_t threads : {1, 3}) {
      for (const int64_t done : {0, 1, 4, 5, 7, 14}) {
        const auto rest = batches_of(GetParam(), world, threads, done / kSteps, done % kSteps,
                                     kEpochs * kSteps - done);
        ASSERT_TRUE(std::equal(rest.begin(), rest.end(), all.begin() + done, all.end()))
            << world << " ranks with " << threads << " threads after " << done << " steps";
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, SampleOrderTest,
                         testing::Values(Sampling::kShuffle, Sampling::kResampled));

TEST(SampleOrder, AnEpochOfShuffleHasEverySampleOnceExceptTheIncompleteBatch) {
  for (const int64_t world : {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64}) {
    const auto batches = batches_of(Sampling::kShuffle, world, 1, 2, 0, kSteps);
    std::map<int64_t, int> seen;
    for (const auto& batch : batches) {
      for (const int64_t sample : batch) ++seen[sample];
    }
    EXPECT_EQ(std::ssize(seen), kSteps * kGlobalBatch);
    EXPECT_GE(seen.begin()->first, 0);
    EXPECT_LT(seen.rbegin()->first, 1000);
    EXPECT_TRUE(std::ranges::all_of(seen, [](const auto& entry) { return entry.second == 1; }));
  }
}

TEST(SampleOrder, ShuffleOverSeveralSourcesEqualsShuffleOfTheirSequence) {
  const DataOptions options = options_of(Sampling::kShuffle);
  const auto mixed = make_order(5, options, kSizes);
  const auto whole = make_order(5, options, {1000});
  for (int64_t place = 0; place < 1000; ++place) {
    ASSERT_EQ(mixed->sample(1, place), whole->sample(1, place));
  }
}

// ShardedDataset accepts a single empty source.
TEST(SampleOrder, RefusesASingleEmptySource) {
  DataOptions options;
  for (const Sampling sampling : {Sampling::kShuffle, Sampling::kResampled}) {
    options.sampling = sampling;
    EXPECT_THROW(make_order(5, options, {0}), InternalError);
  }
}

TEST(SampleOrder, AnEpochIsAsLongAsTheDataByDefault) {
  DataOptions options = options_of(Sampling::kResampled);
  EXPECT_EQ(samples_per_epoch(options, 1000), 1000);
  options.epoch_samples = 7;
  EXPECT_EQ(samples_per_epoch(options, 1000), 7);
}

}  // namespace
}  // namespace dermatome
