#include "src/train/run_length.h"

#include <gtest/gtest.h>

#include "src/config/train_options.h"

namespace dermatome {
namespace {

TEST(RunLength, CountsWholeBatchesUnlessStepsAreSet) {
  TrainOptions options;
  options.batch_size = 10;
  options.schedule.epochs = 3;
  EXPECT_EQ(run_length(options, 59).steps_per_epoch, 5);
  EXPECT_EQ(run_length(options, 59).total_steps, 15);
  options.schedule.max_steps = 7;
  EXPECT_EQ(run_length(options, 59).total_steps, 7);
}

TEST(RunLength, ResolvesAWarmUpThatIsNotSet) {
  TrainOptions options;
  const auto warmup = [&](int64_t total_steps) {
    return resolved_options(options, {.steps_per_epoch = 1, .total_steps = total_steps})
        .schedule.warmup;
  };
  EXPECT_EQ(warmup(15), 1);
  EXPECT_EQ(warmup(1'000'000), 10000);
  EXPECT_TRUE(resolved_options(options, {}).schedule.warmup_is_default);
  options.schedule.warmup = 12;
  EXPECT_EQ(warmup(15), 12);
  EXPECT_FALSE(resolved_options(options, {}).schedule.warmup_is_default);
}

TEST(RunLength, TellsWhetherSomethingIsDue) {
  const RunLength length = {.steps_per_epoch = 5, .total_steps = 15};
  EXPECT_FALSE(length.is_due(10, 0, 0));
  EXPECT_TRUE(length.is_due(10, 2, 0));
  EXPECT_FALSE(length.is_due(5, 2, 0));
  EXPECT_TRUE(length.is_due(6, 2, 3));
  EXPECT_FALSE(length.is_due(7, 2, 3));
}

}  // namespace
}  // namespace dermatome
