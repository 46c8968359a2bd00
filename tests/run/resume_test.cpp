#include "src/run/resume.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/config/train_config.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "tests/run/tiny_checkpoint.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Resume : public testing::Test {
 protected:
  Resume() {
    options_.name = "a";
    options_.output = scratch_folder().string();
    options_.model.architecture = "m.json";
    options_.data.train = {"shards"};
    checkpoint_ = save(options_, dump_train_config(options_));
  }

  // Saves the checkpoint of step 4 as a training with `options` would, with these settings beside.
  std::filesystem::path save(const TrainOptions& options, const std::string& settings) const {
    return save_tiny_checkpoint(RunDirectory(options).checkpoints(),
                                {4, config_digest(options), "data", settings});
  }

  std::vector<Difference> changes(const TrainOptions& options) const {
    const auto own = find_own_checkpoint(options, "data");
    EXPECT_TRUE(own.has_value());
    EXPECT_EQ(own->state.step, 4);
    return own->changes;
  }

  static std::string refusal(const TrainOptions& options, const std::string& data = "data") {
    try {
      find_own_checkpoint(options, data);
      return "";
    } catch (const ConfigError& error) {
      return error.what();
    }
  }

  // Saves the checkpoint as an older version did.
  void forget_settings() const { save(options_, ""); }

  TrainOptions options_;
  std::filesystem::path checkpoint_;
};

TEST_F(Resume, NothingHasChanged) {
  EXPECT_THAT(changes(options_), IsEmpty());
  TrainOptions other = options_;
  other.name = "b";
  EXPECT_FALSE(find_own_checkpoint(other, "data").has_value());
}

TEST_F(Resume, ContinuesWithAnotherScheduleAndOptimizer) {
  TrainOptions later = options_;
  later.optimizer.lr = 0.25;
  later.schedule.epochs = 40;
  later.data.workers = 3;
  EXPECT_EQ(differences_text(changes(later)),
            "data.workers: 2 -> 3, optimizer.lr: 5.0e-04 -> 0.25, schedule.epochs: 32 -> 40");
}

TEST_F(Resume, RefusesOtherBatchesAndNamesTheWay) {
  TrainOptions other = options_;
  other.seed = 3;
  other.optimizer.lr = 0.25;
  EXPECT_THAT(refusal(other),
              AllOf(HasSubstr("step_00000004 belongs to other settings: seed: 0 -> 3. "),
                    Not(HasSubstr("optimizer.lr")),
                    HasSubstr("set name=NEW from=" + RunDirectory(options_).path().string()),
                    HasSubstr("from_optimizer=false")));
}

TEST_F(Resume, RefusesAnotherDataSet) {
  EXPECT_THAT(
      refusal(options_, "other"),
      AllOf(HasSubstr("was trained on another data set than shards"), HasSubstr("name=NEW from=")));
}

TEST_F(Resume, RefusesToContinueAgainstTheUsersWill) {
  options_.resume = false;
  EXPECT_THAT(refusal(options_), HasSubstr("exists and resume is false"));
}

// Checkpoints of older versions do not hold their settings.
TEST_F(Resume, FindsTheSettingsOfAnOlderCheckpointBesideIt) {
  forget_settings();
  TrainOptions later = options_;
  later.schedule.epochs = 40;
  EXPECT_THAT(refusal(later), HasSubstr("belongs to other settings than this configuration"));
  EXPECT_THAT(changes(options_), IsEmpty());
  const RunDirectory run(options_);
  write_file_atomically(run.config(), dump_train_config(options_));
  EXPECT_EQ(differences_text(changes(later)), "schedule.epochs: 32 -> 40");
  // A start with the later settings that ended before its first checkpoint.
  keep_settings(run, checkpoint_);
  write_file_atomically(run.config(), dump_train_config(later));
  EXPECT_EQ(differences_text(changes(later)), "schedule.epochs: 32 -> 40");
  EXPECT_THAT(changes(options_), IsEmpty());
}

// The options with a warm-up that was not set and follows from the length.
TrainOptions with_default_warmup(TrainOptions options, int64_t steps) {
  options.schedule.warmup = steps;
  options.schedule.warmup_is_default = true;
  return options;
}

TEST_F(Resume, KeepsTheWarmUpOfTheRunWhereNoneIsSet) {
  TrainOptions before = options_;
  before.schedule.warmup = 10000;
  save(before, dump_train_config(before));
  const TrainOptions now = with_default_warmup(options_, 5000);
  EXPECT_THAT(changes(now), IsEmpty());
  EXPECT_EQ(find_own_checkpoint(now, "data")->warmup, 10000);
  // One that does not fit into the run any more is not kept, nor one that the configuration sets.
  const auto shorter = find_own_checkpoint(now, "data", /*total_steps=*/9000);
  EXPECT_EQ(differences_text(shorter->changes), "schedule.warmup: 10000 -> 5000");
  EXPECT_EQ(shorter->warmup, 5000);
  TrainOptions set = options_;
  set.schedule.warmup = 5000;
  EXPECT_EQ(find_own_checkpoint(set, "data")->warmup, 5000);
}

TEST_F(Resume, KnowsTheWarmUpOfVersionsThatDidNotRecordIt) {
  TrainOptions before = options_;
  before.schedule.warmup = 10000;
  save(before, "");
  EXPECT_EQ(find_own_checkpoint(with_default_warmup(options_, 5000), "data")->warmup, 10000);
  TrainOptions set = options_;
  set.schedule.warmup = 5000;
  EXPECT_THAT(refusal(set), HasSubstr("belongs to other settings than this configuration"));
}

TEST_F(Resume, PassesOverSettingsThatItCannotRead) {
  forget_settings();
  for (const std::string& settings : {std::string("no_such_key: 3\n"), std::string("{")}) {
    write_file_atomically(checkpoint_config(checkpoint_), settings);
    EXPECT_THAT(changes(options_), IsEmpty());
  }
}

// The keys of the changes that are refused, and those that are allowed.
std::vector<std::string> keys(const TrainOptions& after, bool refused) {
  std::vector<std::string> keys;
  for (const Difference& change : config_differences({}, after)) {
    if (is_refused(change) == refused) keys.push_back(change.key);
  }
  return keys;
}

TEST(Changes, AreAllowedWhereModelAndBatchesStayAsTheyAre) {
  TrainOptions after;
  after.accum = 2;
  after.data.workers = 9;
  after.optimizer = {1, 0.5, 0.5, 1, 0, 1, NonFinite::kSkip, 1, 1, 1, 1, 0.5};
  after.schedule = {1, 2, 1};
  after.checkpoint = {2, 3, 4};
  after.validation.every_steps = 3;
  after.runtime.threads = 3;
  EXPECT_THAT(keys(after, /*refused=*/true), IsEmpty());
  EXPECT_EQ(keys(after, /*refused=*/false).size(), 22u);
}

TEST(Changes, AreRefusedWhereTheyChangeModelOrBatches) {
  TrainOptions after;
  after.batch_size = 32;
  after.from = "runs/a";
  after.model.precision = Precision::kAmpBf16;
  after.model.lock_text = {LockedPart::kFirst, 1};
  after.data.sampling = Sampling::kResampled;
  after.data.epoch_samples = 50;
  after.augmentation.gray_probability = 0.5;
  after.objective.sigma = 0.5;
  EXPECT_THAT(
      keys(after, /*refused=*/true),
      ElementsAre("batch_size", "from", "model.precision", "model.lock_text", "data.sampling",
                  "data.epoch_samples", "augmentation.gray_probability", "objective.sigma"));
  EXPECT_THAT(keys(after, /*refused=*/false), IsEmpty());
}

}  // namespace
}  // namespace dermatome
