#include "src/watch/checkpoint_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "src/core/file.h"
#include "src/core/log.h"
#include "src/model/clip.h"
#include "src/run/checkpoint.h"
#include "src/run/run_directory.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const Definition kChoosing = {"choosing", "a"}, kJudging = {"judging", "b"};

ClipConfig tiny_config() {
  ClipConfig config;
  config.embed_dim = 8;
  config.vision = {.image_size = 16, .patch_size = 8, .width = 16, .layers = 1, .head_width = 16};
  config.text = {.context_length = 8, .vocab_size = 32, .width = 16, .heads = 2, .layers = 1};
  return config;
}

nlohmann::ordered_json result(double accuracy) { return {{"scores", {{"top1", accuracy}}}}; }

class QueueOfCheckpoints : public testing::Test {
 protected:
  QueueOfCheckpoints() : run_(scratch_folder()), model_(tiny_config(), c10::kCPU) {
    model_.initialize(1);
    initialize_logging(0, 1);  // warnings go to standard error
    for (const int64_t step : {4, 8, 12}) save(step);
  }

  std::filesystem::path checkpoints() const { return RunDirectory(run_).checkpoints(); }

  void save(int64_t step, const std::string& digest = "config") const {
    save_checkpoint(checkpoints(), model_, {}, {step, digest, "data"}, /*keep=*/0);
  }

  CheckpointQueue open(std::optional<Criterion> best_by = {}) const {
    return {run_, {kChoosing, kJudging}, std::move(best_by)};
  }

  // Scores every checkpoint that is due, by its wanted benchmarks. Returns the steps in order.
  static std::vector<int64_t> score_all(CheckpointQueue& queue) {
    std::vector<int64_t> steps;
    while (const auto due = queue.next()) {
      steps.push_back(due->checkpoint.step);
      for (size_t i = 0; i < due->wanted.size(); ++i) {
        if (due->wanted[i]) queue.keep(due->checkpoint, i, result(0.5));
      }
    }
    return steps;
  }

  std::string best() const {
    const auto file = best_pointer(checkpoints());
    return std::filesystem::exists(file) ? read_file(file) : "";
  }

  std::filesystem::path run_;
  Clip model_;
};

TEST_F(QueueOfCheckpoints, GivesEveryCheckpointOnceOldestFirst) {
  CheckpointQueue queue = open();
  EXPECT_THAT(score_all(queue), ElementsAre(4, 8, 12));
  EXPECT_TRUE(queue.has_scored(12));
  EXPECT_FALSE(queue.has_scored(13));
  save(16);
  EXPECT_THAT(score_all(queue), ElementsAre(16));
  CheckpointQueue again = open();
  EXPECT_THAT(score_all(again), ElementsAre());
}

TEST_F(QueueOfCheckpoints, AsksOnlyTheBenchmarksThatHaveNotScored) {
  CheckpointQueue queue = open();
  queue.keep(queue.next()->checkpoint, 1, result(0.5));
  const auto due = queue.next();
  ASSERT_TRUE(due.has_value());
  EXPECT_EQ(due->checkpoint.step, 4);
  EXPECT_THAT(due->wanted, ElementsAre(true, false));
  EXPECT_FALSE(queue.has_scored(0));
}

TEST_F(QueueOfCheckpoints, AFailedBenchmarkIsTriedAgainByTheNextQueue) {
  CheckpointQueue queue = open();
  const auto first = queue.next()->checkpoint;
  queue.keep(first, 0, {{"scores", nlohmann::json::object()}, {"failure", "none.png"}});
  queue.keep(first, 1, result(0.5));
  EXPECT_EQ(queue.next()->checkpoint.step, 8);
  const auto due = open().next();
  EXPECT_EQ(due->checkpoint.step, 4);
  EXPECT_THAT(due->wanted, ElementsAre(true, false));
}

TEST_F(QueueOfCheckpoints, ACheckpointThatIsWrittenAgainIsScoredAgain) {
  CheckpointQueue queue = open();
  score_all(queue);
  std::filesystem::remove_all(checkpoint_path(checkpoints(), 8));
  EXPECT_EQ(queue.next(), std::nullopt);
  save(8, "other");
  EXPECT_THAT(score_all(queue), ElementsAre(8));
}

TEST_F(QueueOfCheckpoints, ADamagedCheckpointIsSkippedUntilItIsWhole) {
  const auto weights = checkpoint_path(checkpoints(), 8) / "open_clip_model.safetensors";
  const std::string whole = read_file(weights);
  std::ofstream(weights, std::ios::binary) << whole.substr(1);
  CheckpointQueue queue = open();
  testing::internal::CaptureStderr();
  EXPECT_THAT(score_all(queue), ElementsAre(4, 12));
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("skipped"));
  testing::internal::CaptureStderr();
  EXPECT_EQ(queue.next(), std::nullopt);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), Not(HasSubstr("skipped")));
  std::ofstream(weights, std::ios::binary) << whole;
  EXPECT_THAT(score_all(queue), ElementsAre(8));
}

TEST_F(QueueOfCheckpoints, NamesTheBestOfTheExistingCheckpoints) {
  CheckpointQueue plain = open();
  const std::vector<double> accuracies = {0.5, 0.9, 0.7};
  for (const double accuracy : accuracies) {
    const auto checkpoint = plain.next()->checkpoint;
    plain.keep(checkpoint, 0, result(accuracy));
    plain.keep(checkpoint, 1, result(1 - accuracy));
  }
  EXPECT_EQ(plain.next(), std::nullopt);
  EXPECT_EQ(best(), "");
  CheckpointQueue choosing = open(Criterion{kChoosing, "top1"});
  EXPECT_EQ(choosing.next(), std::nullopt);
  EXPECT_EQ(best(), "step_00000008\n");
  std::filesystem::remove_all(checkpoint_path(checkpoints(), 8));
  EXPECT_EQ(choosing.next(), std::nullopt);
  EXPECT_EQ(best(), "step_00000012\n");
}

}  // namespace
}  // namespace dermatome
