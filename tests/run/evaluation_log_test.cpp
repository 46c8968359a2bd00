#include "src/run/evaluation_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/text.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

const Definition kPad = {"pad", "a"}, kSnu = {"snu", "b"};

nlohmann::ordered_json result(double accuracy, double rank = 1) {
  return {{"scores", {{"top1", accuracy}, {"mean_rank", rank}}}};
}

ScoredCheckpoint step(int64_t number) { return {number, text("s", number)}; }

TEST(EvaluationLog, RemembersWhatWasScored) {
  const auto run = scratch_folder();
  EvaluationLog log(run);
  EXPECT_FALSE(log.has(step(4), kPad));
  log.add(step(4), kPad, result(0.5));
  for (const EvaluationLog& seen : {log, EvaluationLog(run)}) {
    EXPECT_TRUE(seen.has(step(4), kPad));
    EXPECT_FALSE(seen.has(step(8), kPad));
    EXPECT_FALSE(seen.has(step(4), kSnu));
  }
  EXPECT_THAT(read_file(run / "evaluations.jsonl"), testing::StartsWith("{\"step\":4,"));
}

// A training that resumes from step 4 writes step 8 again; a benchmark gets other templates.
TEST(EvaluationLog, NoticesWhatHasChangedUnderTheSameName) {
  const auto run = scratch_folder();
  EvaluationLog log(run);
  log.add(step(8), kPad, result(0.9));
  const ScoredCheckpoint anew = {8, "other"};
  const Definition edited = {"pad", "c"};
  EXPECT_FALSE(log.has(anew, kPad));
  EXPECT_FALSE(log.has(step(8), edited));
  EXPECT_EQ(log.best_step({edited, "top1"}, std::vector<ScoredCheckpoint>{step(8)}), std::nullopt);
  log.add(step(4), kPad, result(0.5));
  const std::vector<ScoredCheckpoint> present = {step(4), anew};
  EXPECT_EQ(log.best_step({kPad, "top1"}, present), 4);
  log.add(anew, kPad, result(0.7));
  for (const EvaluationLog& seen : {log, EvaluationLog(run)}) {
    EXPECT_TRUE(seen.has(anew, kPad));
    EXPECT_EQ(seen.best_step({kPad, "top1"}, present), 8);
  }
}

TEST(EvaluationLog, AFailureIsTriedAgainAtTheNextStart) {
  const auto run = scratch_folder();
  EvaluationLog log(run);
  log.add(step(4), kPad, {{"scores", nlohmann::json::object()}, {"failure", "no image"}});
  EXPECT_TRUE(log.has(step(4), kPad));
  EvaluationLog next(run);
  EXPECT_FALSE(next.has(step(4), kPad));
  next.add(step(4), kPad, result(0.5));
  EXPECT_TRUE(EvaluationLog(run).has(step(4), kPad));
}

TEST(EvaluationLog, AFullDiskLeavesTheFileAsItWas) {
  const auto run = scratch_folder();
  EvaluationLog log(run);
  log.add(step(4), kPad, result(0.5));
  const std::string before = read_file(run / "evaluations.jsonl");
  const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  getrlimit(RLIMIT_FSIZE, &limit);
  const rlimit small = {before.size() + 10, limit.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  EXPECT_THROW(log.add(step(8), kPad, result(0.6)), DataError);
  setrlimit(RLIMIT_FSIZE, &limit);
  std::signal(SIGXFSZ, ignored);
  EXPECT_EQ(read_file(run / "evaluations.jsonl"), before);
  EXPECT_FALSE(log.has(step(8), kPad));
}

TEST(EvaluationLog, BestIsTheEarliestWithTheBestScore) {
  EvaluationLog log(scratch_folder());
  const std::vector<ScoredCheckpoint> all = {step(4), step(8), step(12), step(16)};
  EXPECT_EQ(log.best_step({kPad, "top1"}, all), std::nullopt);
  log.add(step(12), kPad, result(0.6, 3));
  log.add(step(4), kPad, result(0.5, 5));
  log.add(step(8), kPad, result(0.6, 4));
  log.add(step(16), kSnu, result(0.9, 1));
  EXPECT_EQ(log.best_step({kPad, "top1"}, all), 8);
  EXPECT_EQ(log.best_step({kPad, "mean_rank", /*lower_is_better=*/true}, all), 12);
  EXPECT_EQ(log.best_step({kPad, "auroc"}, all), std::nullopt);
  // The training has removed checkpoint 8, the best one.
  EXPECT_EQ(log.best_step({kPad, "top1"}, std::vector<ScoredCheckpoint>{step(4), step(12)}), 12);
}

TEST(EvaluationLog, ScoresOfATestSetDoNotChoose) {
  EvaluationLog log(scratch_folder());
  log.add(step(4), kPad, result(0.5));
  auto test = result(0.9);
  test["role"] = "test";
  log.add(step(8), kPad, test);
  EXPECT_EQ(log.best_step({kPad, "top1"}, std::vector<ScoredCheckpoint>{step(4), step(8)}), 4);
}

TEST(EvaluationLog, AScoreThatIsNanIsNotBest) {
  EvaluationLog log(scratch_folder());
  log.add(step(4), kPad, result(std::numeric_limits<double>::quiet_NaN()));
  const std::vector<ScoredCheckpoint> all = {step(4), step(8)};
  EXPECT_EQ(log.best_step({kPad, "top1"}, all), std::nullopt);
  log.add(step(8), kPad, result(0.1));
  EXPECT_EQ(log.best_step({kPad, "top1"}, all), 8);
}

TEST(EvaluationLog, DropsALineCutShortAndRefusesDamage) {
  const auto run = scratch_folder();
  EvaluationLog(run).add(step(4), kPad, result(0.5));
  const std::string whole = read_file(run / "evaluations.jsonl");
  std::ofstream(run / "evaluations.jsonl", std::ios::app) << "{\"step\": 8, \"ben";
  EvaluationLog log(run);
  EXPECT_TRUE(log.has(step(4), kPad));
  EXPECT_EQ(read_file(run / "evaluations.jsonl"), whole);
  std::ofstream(run / "evaluations.jsonl", std::ios::app) << "{\"step\": 8}\n";
  try {
    const EvaluationLog damaged(run);
    FAIL() << "read a line without scores";
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("evaluations.jsonl:2"));
  }
}

}  // namespace
}  // namespace dermatome
