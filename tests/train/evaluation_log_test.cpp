#include "src/train/evaluation_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <limits>

#include "src/core/error.h"
#include "src/core/file.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

nlohmann::ordered_json result(const std::string& benchmark, double accuracy, double rank = 1) {
  return {{"benchmark", benchmark}, {"scores", {{"top1", accuracy}, {"mean_rank", rank}}}};
}

TEST(EvaluationLog, RemembersWhatWasScored) {
  const auto run = scratch_folder();
  EvaluationLog log(run);
  EXPECT_FALSE(log.has(4, "pad"));
  log.add(4, result("pad", 0.5));
  for (const EvaluationLog& seen : {log, EvaluationLog(run)}) {
    EXPECT_TRUE(seen.has(4, "pad"));
    EXPECT_FALSE(seen.has(8, "pad"));
    EXPECT_FALSE(seen.has(4, "snu"));
  }
  EXPECT_THAT(read_file(run / "evaluations.jsonl"), testing::StartsWith("{\"step\":4,"));
}

TEST(EvaluationLog, BestIsTheEarliestOfTheBestScores) {
  EvaluationLog log(scratch_folder());
  const std::vector<int64_t> all = {4, 8, 12, 16};
  EXPECT_EQ(log.best_step({"pad", "top1"}, all), std::nullopt);
  EXPECT_EQ(log.newest_step("pad"), -1);
  log.add(12, result("pad", 0.6, 3));
  log.add(4, result("pad", 0.5, 5));
  log.add(8, result("pad", 0.6, 4));
  log.add(16, result("snu", 0.9, 1));
  EXPECT_EQ(log.best_step({"pad", "top1"}, all), 8);
  EXPECT_EQ(log.best_step({"pad", "mean_rank"}, all), 12);
  EXPECT_EQ(log.best_step({"pad", "auroc"}, all), std::nullopt);
  EXPECT_EQ(log.newest_step("pad"), 12);
  // Where the training has removed the best one.
  EXPECT_EQ(log.best_step({"pad", "top1"}, std::vector<int64_t>{4, 12}), 12);
}

TEST(EvaluationLog, ScoresOfATestSetDoNotChoose) {
  EvaluationLog log(scratch_folder());
  log.add(4, result("pad", 0.5));
  auto test = result("pad", 0.9);
  test["role"] = "test";
  log.add(8, test);
  EXPECT_EQ(log.best_step({"pad", "top1"}, std::vector<int64_t>{4, 8}), 4);
}

TEST(EvaluationLog, AScoreThatIsNoNumberIsNotBest) {
  EvaluationLog log(scratch_folder());
  log.add(4, result("pad", std::numeric_limits<double>::quiet_NaN()));
  const std::vector<int64_t> all = {4, 8};
  EXPECT_EQ(log.best_step({"pad", "top1"}, all), std::nullopt);
  log.add(8, result("pad", 0.1));
  EXPECT_EQ(log.best_step({"pad", "top1"}, all), 8);
}

TEST(EvaluationLog, DropsALineCutShortAndRefusesDamage) {
  const auto run = scratch_folder();
  EvaluationLog(run).add(4, result("pad", 0.5));
  const std::string whole = read_file(run / "evaluations.jsonl");
  std::ofstream(run / "evaluations.jsonl", std::ios::app) << "{\"step\": 8, \"ben";
  EvaluationLog log(run);
  EXPECT_TRUE(log.has(4, "pad"));
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
