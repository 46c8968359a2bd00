#include "src/train/run_summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "src/config/train_options.h"
#include "src/core/log.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

using testing::HasSubstr;

const std::vector<FollowedScore> kScores = {{"pad", "top1", false, false},
                                            {"find", "image_to_text_mean_rank", true, false},
                                            {"secret", "top1", false, true},
                                            {"absent", "top1", false, false},
                                            {"loss", "total", true, false}};

void write_results(const std::filesystem::path& path) {
  std::ofstream(path)
      << R"({"step": 5, "train": {"loss": 1}})"
         "\n"
         R"({"step": 10, "validation": {"pad": {"top1": 0.5}, "secret": {"top1": 0.9}, "find": {"image_to_text_mean_rank": 7}}})"
         "\n"
         R"({"step": 20, "validation": {"pad": {"top1": 0.61234}, "secret": {"top1": 0.8}, "find": {"image_to_text_mean_rank": 3}}})"
         "\n"
         R"({"step": 30, "validation": {"pad": {"top1": null}, "secret": {"top1": 0.7}, "find": {"image_to_text_mean_rank": 4}}})"
         "\n"
         R"({"step": 40, "validation": {"pad": {"top1": 0.61234}, "loss": {"total": 2.5}}})"
         "\n";
}

TEST(ScoresText, NamesTheBestStepButTheLastOneOfATestSet) {
  const auto path = scratch_folder() / "results.jsonl";
  EXPECT_EQ(scores_text(path, kScores), "");
  write_results(path);
  EXPECT_EQ(scores_text(path, kScores),
            "best pad top1 0.6123 (step 20), best find image_to_text_mean_rank 3.0000 (step 20), "
            "last secret top1 0.7000 (step 30), best loss total 2.5000 (step 40)");
}

TEST(RunSummary, SaysWhatIsTrainedAndWhatCameOfIt) {
  initialize_logging(0, 1);
  TrainOptions options;
  options.output = scratch_folder();
  options.name = "one";
  options.batch_size = 64;
  const auto run = std::filesystem::path(options.output) / "one";
  std::filesystem::create_directories(run);
  testing::internal::CaptureStderr();
  const RunSummary summary(options, {.length = {.steps_per_epoch = 4, .total_steps = 10},
                                     .num_parameters = 149'620'737,
                                     .num_samples = 300,
                                     .num_ranks = 2,
                                     .steps_done = 7});
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("training " + run.string() +
                        ": 149.6 million parameters, 300 samples, 10 steps of 64 samples "
                        "(2.5 epochs), 2 rank(s)\n"));
  testing::internal::CaptureStderr();
  const RunSummary long_run(options, {.length = {.steps_per_epoch = 3, .total_steps = 100'000}});
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("(33333 epochs)"));
  testing::internal::CaptureStderr();
  RunSummary(options, {.length = {.steps_per_epoch = 4, .total_steps = 10},
                       .num_parameters = 149'620'737,
                       .num_locked = 86'192'640});
  EXPECT_THAT(
      testing::internal::GetCapturedStderr(),
      HasSubstr(": 63.4 million of 149.6 million parameters (the others are not trained), "));
  testing::internal::CaptureStderr();
  summary.finish(kScores);
  write_results(run / "results.jsonl");
  summary.finish(kScores);
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("trained " + run.string() + ": 3 steps in 0."));
  EXPECT_THAT(log, HasSubstr(" images/s; look at it: dermatome report " + run.string() + "\n"));
  EXPECT_THAT(log, HasSubstr(" images/s; best pad top1 0.6123 (step 20), "));
}

}  // namespace
}  // namespace dermatome
