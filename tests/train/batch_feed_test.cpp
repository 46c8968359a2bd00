#include "src/train/batch_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "src/config/data_options.h"
#include "src/core/error.h"
#include "src/data/shuffled_order.h"
#include "src/distributed/rendezvous.h"
#include "tests/data/test_shards.h"

namespace dermatome {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::Not;

constexpr int kNumRanks = 3;
constexpr int64_t kGlobalBatch = 6;
constexpr int64_t kNumSamples = 30;
constexpr int64_t kNumSteps = 5;  // one epoch

LoaderOptions options_of(int rank) {
  LoaderOptions options;
  options.seed = 3;
  options.global_batch = kGlobalBatch;
  options.count = kGlobalBatch / kNumRanks;
  options.first = rank * options.count;
  options.image_size = 16;
  return options;
}

struct Outcome {
  int64_t num_batches = 0;                      // taken before the feed ended
  std::vector<int64_t> own_texts;               // of this rank, per batch
  std::vector<std::vector<int64_t>> all_texts;  // of all ranks, per batch
  bool stopped = false;
  std::string data_error;
  std::string communication_error;
};

using Hook = std::function<void(int64_t)>;

// Takes all batches. After each batch, except the last, `after` gets the number of batches taken.
Outcome take_all(BatchFeed& feed, const Hook& after) {
  Outcome outcome;
  try {
    for (; outcome.num_batches < kNumSteps; ++outcome.num_batches) {
      if (outcome.num_batches > 0) after(outcome.num_batches);
      const FedBatch fed = feed.next();
      EXPECT_EQ(fed.sizes.images, std::vector<int64_t>(kNumRanks, kGlobalBatch / kNumRanks));
      outcome.own_texts.push_back(fed.batch.tokens.size(0));
      outcome.all_texts.push_back(fed.sizes.texts);
      outcome.stopped = fed.stop;
      if (fed.stop) break;
    }
  } catch (const DataError& error) {
    outcome.data_error = error.what();
  } catch (const CommunicationError& error) {
    outcome.communication_error = error.what();
  }
  return outcome;
}

// Runs every rank as a thread and returns the outcome of every rank. `after` is called on rank 0.
std::vector<Outcome> feed_ranks(
    const ShardedDataset& dataset, const std::function<bool(int rank)>& stop_requested,
    const Hook& after = [](int64_t) {}) {
  std::vector<Outcome> outcomes(kNumRanks);
  World world;
  world.size = world.local_size = kNumRanks;
  world.store_file = create_store_file();
  std::vector<std::jthread> threads;
  for (int rank = 0; rank < kNumRanks; ++rank) {
    world.rank = world.local_rank = rank;
    threads.emplace_back([&, world] {
      Rendezvous rendezvous(world, std::chrono::seconds(30));
      BatchFeed feed(
          std::make_unique<Loader>(dataset, options_of(world.rank), 0, 0),
          rendezvous.connect("feed"), kNumSteps,
          [&, rank = world.rank] { return stop_requested(rank); }, c10::kCPU);
      outcomes[static_cast<size_t>(world.rank)] = take_all(
          feed, world.rank == 0 ? after : [](int64_t) {});
    });
  }
  threads.clear();
  return outcomes;
}

TEST(BatchFeed, GivesEveryRankItsBatchesAndTheSizesOfAll) {
  const TestShards shards(kNumSamples, 10);
  const auto outcomes = feed_ranks(shards.dataset(), [](int) { return false; });
  std::vector<std::vector<int64_t>> texts(kNumSteps);
  for (const Outcome& outcome : outcomes) {
    EXPECT_EQ(outcome.num_batches, kNumSteps);
    EXPECT_EQ(outcome.data_error + outcome.communication_error, "");
    ASSERT_EQ(outcome.own_texts.size(), kNumSteps);
    for (size_t step = 0; step < kNumSteps; ++step) texts[step].push_back(outcome.own_texts[step]);
  }
  EXPECT_THAT(texts, Not(Each(Each(texts[0][0])))) << "ranks cannot be told apart";
  for (const Outcome& outcome : outcomes) EXPECT_EQ(outcome.all_texts, texts);
}

TEST(BatchFeed, ARankThatCannotReadItsBatchEndsAllAtTheSameStep) {
  constexpr int64_t kStep = 2;
  constexpr int kRank = 1;
  TestShards shards(kNumSamples, 10);
  const DataOptions data;
  const ShuffledOrder order(options_of(0).seed, kNumSamples, data.shuffle_block,
                            data.shuffle_window);
  shards.damage(order.sample(0, kStep * kGlobalBatch + options_of(kRank).first));
  const auto outcomes = feed_ranks(shards.dataset(), [](int) { return false; });
  for (int rank = 0; rank < kNumRanks; ++rank) {
    const Outcome& outcome = outcomes[static_cast<size_t>(rank)];
    EXPECT_EQ(outcome.num_batches, kStep);
    if (rank == kRank) {
      EXPECT_THAT(outcome.data_error, HasSubstr("fail their checksum"));
    } else {
      EXPECT_THAT(outcome.communication_error, HasSubstr("rank 1 could not make its batch ready"));
    }
  }
}

TEST(BatchFeed, ARequestStopsAfterAtMostOneMoreBatch) {
  const TestShards shards(kNumSamples, 10);
  std::atomic<bool> requested = false;
  const auto outcomes = feed_ranks(
      shards.dataset(), [&](int rank) { return rank == 0 && requested; },
      [&](int64_t num_taken) {
        // After this pause the feeds have as many batches ready as they may have.
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        if (num_taken == 1) requested = true;
      });
  for (const Outcome& outcome : outcomes) {
    EXPECT_TRUE(outcome.stopped);
    EXPECT_EQ(outcome.num_batches, 2);
  }
}

TEST(BatchFeed, ARequestOnOneRankStopsAllAtTheSameBatch) {
  const TestShards shards(kNumSamples, 10);
  const auto outcomes = feed_ranks(shards.dataset(), [](int rank) { return rank == 2; });
  for (const Outcome& outcome : outcomes) {
    EXPECT_TRUE(outcome.stopped);
    EXPECT_EQ(outcome.num_batches, 0);
  }
}

}  // namespace
}  // namespace dermatome
