// Loaders over several sources: drawing with replacement, and stand-ins for damaged records.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "src/config/data_options.h"
#include "src/core/error.h"
#include "src/data/sample_order.h"
#include "tests/data/loaded_samples.h"
#include "tests/data/test_shards.h"

namespace dermatome {
namespace {

// Tests 1 to 64 ranks (a batch has 64 samples), with everything that a loader adds to the order:
// images, augmentation, texts.
TEST(Loader, MixesSourcesTheSameForAnyNumberOfRanksAndAnyStart) {
  const TestShards first(119, 40), second(41, 17);
  const ShardedDataset dataset({first.directory(), second.directory()});
  for (const Sampling sampling : {Sampling::kShuffle, Sampling::kResampled}) {
    LoaderOptions options = options_for(64);
    options.data.sampling = sampling;
    if (sampling == Sampling::kResampled) {
      options.data.weights = {1, 3};
      options.data.epoch_samples = 200;
    }
    const int64_t steps_per_epoch = sampling == Sampling::kShuffle ? 2 : 3;
    const auto expected = global_batches(dataset, options, 1, 0, 0, 5);
    for (const int64_t world : {2, 3, 4, 8, 16, 32, 64}) {
      options.data.workers = 1 + world % 3;
      EXPECT_TRUE(global_batches(dataset, options, world, 0, 0, 5) == expected) << world;
      for (const int64_t start : {1, 2, 3}) {
        const auto rest = global_batches(dataset, options, world, start / steps_per_epoch,
                                         start % steps_per_epoch, 5 - start);
        EXPECT_TRUE(std::equal(rest.begin(), rest.end(), expected.begin() + start))
            << world << " ranks from step " << start;
      }
    }
    const auto order = make_order(7, options.data, {119, 41});
    int of_second = 0;
    for (int64_t i = 0; i < 64; ++i) {
      const Sample& sample = expected[0][static_cast<size_t>(i)];
      EXPECT_EQ(sample.id, order->sample(0, i));
      // The content of the second source's samples follows from their number in that source.
      const int64_t number = sample.id < 119 ? sample.id : sample.id - 119;
      EXPECT_EQ(sample.texts[0], test_caption(number, 0).valid
                                     ? encode(test_caption(number, 0).text)
                                     : std::vector<int64_t>());
      of_second += sample.id >= 119;
    }
    if (sampling == Sampling::kResampled) {
      EXPECT_NEAR(of_second, 48, 17);
    }
    EXPECT_EQ(Loader(dataset, options, 0, 0).steps_per_epoch(), steps_per_epoch);
  }
}

TEST(Loader, AStandInComesFromTheSourceThatWasDrawn) {
  TestShards first(10, 10), second(10, 10);
  second.damage(3);
  const ShardedDataset dataset({first.directory(), second.directory()});
  LoaderOptions options = options_for(40);
  options.data.sampling = Sampling::kResampled;
  options.data.epoch_samples = 40;
  options.data.on_corrupt = Corrupt::kSkip;
  const auto order = make_order(7, options.data, {10, 10});
  const auto batches = global_batches(dataset, options, 4, 0, 0, 4);
  int64_t stood_in = 0;
  for (size_t epoch = 0; epoch < 4; ++epoch) {
    for (size_t i = 0; i < 40; ++i) {
      const auto place = static_cast<int64_t>(i);
      const int64_t drawn = order->sample(static_cast<int64_t>(epoch), place);
      const int64_t id = batches[epoch][i].id;
      EXPECT_NE(id, 13);
      EXPECT_EQ(id >= 10, drawn >= 10);
      if (drawn != 13) {
        EXPECT_EQ(id, drawn);
      }
      stood_in += drawn == 13;
    }
  }
  EXPECT_GT(stood_in, 0);
}

TEST(Loader, FailsIfNoRecordCanStandIn) {
  TestShards shards(2, 2);
  shards.damage(0);
  shards.damage(1);
  LoaderOptions options = options_for(2);
  options.data.on_corrupt = Corrupt::kSkip;
  Loader loader(shards.dataset(), options, 0, 0);
  EXPECT_THAT([&] { loader.next(); },
              testing::ThrowsMessage<DataError>(testing::HasSubstr("too few are whole")));
}

}  // namespace
}  // namespace dermatome
