// A loader on storage that does not answer or answers slowly.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <thread>

#include "src/core/error.h"
#include "src/core/log.h"
#include "src/data/loader.h"
#include "tests/data/loaded_samples.h"
#include "tests/data/test_shards.h"
#include "tests/support/flaky_reads.h"

namespace dermatome {
namespace {

TEST(Loader, ReadsThatStallAreWarnedOfAndWaitedFor) {
  const TestShards shards(53, 20);
  LoaderOptions options = options_for(10);
  options.training = false;
  options.stall = {.warning = std::chrono::milliseconds(10), .error = std::chrono::minutes(1)};
  std::optional<StalledReads> stalled(std::in_place);
  Loader loader(shards.dataset(), options, 0, 0);
  while (StalledReads::num_waiting() == 0) std::this_thread::yield();
  std::jthread recovery([&] {
    std::this_thread::sleep_for(std::chrono::seconds(1));
    stalled.reset();
  });
  initialize_logging(0, 1);
  testing::internal::CaptureStderr();
  const Batch batch = loader.next().value();
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(batch.sample_ids.front(), 0);
  EXPECT_THAT(log, testing::AllOf(testing::HasSubstr("waiting for: shard " +
                                                     (shards.directory() / "shard-0.h5").string()),
                                  testing::Not(testing::HasSubstr("shard-1.h5"))));
  EXPECT_EQ(log.find("waiting for"), log.rfind("waiting for"));
}

TEST(Loader, ReadsThatStallForTooLongAreAnError) {
  const TestShards shards(53, 20);
  LoaderOptions options = options_for(10);
  options.training = false;
  options.stall = {.warning = std::chrono::milliseconds(10),
                   .error = std::chrono::milliseconds(30)};
  std::optional<StalledReads> stalled(std::in_place);
  Loader loader(shards.dataset(), options, 0, 0);
  while (StalledReads::num_waiting() == 0) std::this_thread::yield();
  EXPECT_THAT([&] { loader.next(); },
              testing::ThrowsMessage<StorageLost>(testing::AllOf(
                  testing::HasSubstr("shard-0.h5"), testing::HasSubstr("check the file system"))));
  stalled.reset();
  EXPECT_EQ(loader.next().value().sample_ids.front(), 0);
}

TEST(Loader, ReadsThatAreSlowAreNoStall) {
  constexpr std::chrono::milliseconds kRead(25), kLimit(400);
  constexpr int64_t kSamples = 32;
  static_assert(kSamples * kRead > 3 * kLimit / 2);
  const TestShards shards(kSamples, kSamples);
  shards.dataset().locate(0);  // opens the shard, which takes many reads
  LoaderOptions options = options_for(kSamples);
  options.training = false;
  options.data.workers = 1;
  options.stall = {.warning = kLimit, .error = kLimit};
  const SlowReads slow(kRead);
  Loader loader(shards.dataset(), options, 0, 0);
  initialize_logging(0, 1);
  testing::internal::CaptureStderr();
  EXPECT_EQ(loader.next().value().sample_ids.size(), kSamples);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace dermatome
