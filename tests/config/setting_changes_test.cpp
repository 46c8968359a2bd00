#include "src/config/setting_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dermatome {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// The keys of the changes, those that are refused with an exclamation mark.
std::vector<std::string> changed(const TrainOptions& after, const TrainOptions& before = {}) {
  std::vector<std::string> keys;
  for (const SettingChange& change : setting_changes(before, after)) {
    keys.push_back(change.key + (change.is_refused ? "!" : ""));
  }
  return keys;
}

TEST(SettingChanges, NameKeysAndValues) {
  TrainOptions after;
  after.optimizer.lr = 0.25;
  after.seed = 7;
  const auto changes = setting_changes({}, after);
  EXPECT_THAT(changes,
              ElementsAre(SettingChange{"seed", "0", "7", /*is_refused=*/true},
                          SettingChange{"optimizer.lr", "5.0e-04", "0.25", /*is_refused=*/false}));
  EXPECT_EQ(describe(changes), "seed 0 -> 7, optimizer.lr 5.0e-04 -> 0.25");
  EXPECT_THAT(setting_changes(after, after), IsEmpty());
}

TEST(SettingChanges, AllowWhatLeavesModelAndBatchesAsTheyAre) {
  TrainOptions after;
  after.accum = 2;
  after.data.workers = 9;
  after.optimizer = {1, 0.5, 0.5, 1, 0, 1, NonFinite::kSkip};
  after.schedule = {1, 2, 1};
  after.checkpoint = {2, 3, 4};
  after.validation.every_steps = 3;
  after.runtime.threads = 3;
  EXPECT_THAT(
      changed(after),
      ElementsAre("accum", "data.workers", "optimizer.lr", "optimizer.beta1", "optimizer.beta2",
                  "optimizer.eps", "optimizer.weight_decay", "optimizer.clip_norm",
                  "optimizer.non_finite", "schedule.epochs", "schedule.max_steps",
                  "schedule.warmup", "checkpoint.every_epochs", "checkpoint.every_steps",
                  "checkpoint.keep", "validation.every_steps", "runtime.threads"));
}

TEST(SettingChanges, RefuseWhatChangesModelOrBatches) {
  TrainOptions after;
  after.batch_size = 32;
  after.from = "runs/a";
  after.model.precision = Precision::kAmpBf16;
  after.data.shuffle_window = 3;
  after.augmentation.gray_probability = 0.5;
  after.objective.sigma = 0.5;
  EXPECT_THAT(changed(after),
              ElementsAre("batch_size!", "from!", "model.precision!", "data.shuffle_window!",
                          "augmentation.gray_probability!", "objective.sigma!"));
}

// The number of draws is part of the digest only where samples are drawn.
TEST(SettingChanges, RefuseWhatMattersBeforeOrAfter) {
  TrainOptions drawn;
  drawn.data.sampling = Sampling::kResampled;
  drawn.data.epoch_samples = 50;
  EXPECT_THAT(changed(drawn), ElementsAre("data.sampling!", "data.epoch_samples!"));
  EXPECT_THAT(changed({}, drawn), ElementsAre("data.sampling!", "data.epoch_samples!"));
}

}  // namespace
}  // namespace dermatome
