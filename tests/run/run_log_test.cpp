#include "src/run/run_log.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "src/core/error.h"
#include "src/core/log.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

std::vector<nlohmann::json> lines_of(const std::filesystem::path& folder) {
  std::vector<nlohmann::json> lines;
  std::ifstream file(folder / "results.jsonl");
  for (std::string line; std::getline(file, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

StepReport report_at(int64_t step) {
  StepReport report;
  report.step = step;
  report.total_steps = 100;
  report.steps_per_epoch = 10;
  report.global_batch = 64;
  report.values = {{"total", 1.5}, {"contrast", 1.25}, {"others", 0.25}};
  report.step_seconds = 0.5;
  return report;
}

TEST(RunLog, WritesOneObjectPerLine) {
  const auto folder = scratch_folder();
  RunLog log(folder, 0);
  log.step(report_at(10));
  log.validation(10, 1, {{"emoji", {{"top1", 0.25}}}}, {{"emoji", {{"hashes", {}}}}},
                 {{"emoji", 3}});
  const auto lines = lines_of(folder);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].at("step"), 10);
  EXPECT_EQ(lines[0].at("train").at("loss"), 1.5);
  EXPECT_EQ(lines[0].at("train").at("contrast"), 1.25);
  EXPECT_EQ(lines[0].at("train").at("others"), 0.25);
  EXPECT_EQ(lines[0].at("train").at("images_per_second"), 128);
  EXPECT_EQ(lines[1].at("validation").at("emoji").at("top1"), 0.25);
  EXPECT_TRUE(lines[1].at("benchmarks").at("emoji").contains("hashes"));
  EXPECT_EQ(lines[1].at("epoch"), 1);
  for (const auto& line : lines) EXPECT_EQ(line.at("time").get<std::string>().size(), 20u) << line;
}

TEST(RunLog, RecordsWithWhichSettingsARunGoesOn) {
  const auto folder = scratch_folder();
  RunLog log(folder, 0);
  log.changes(10, 1, {});
  log.changes(10, 1, {{"optimizer.lr", "1.0e-03", "0.5"}});
  const auto lines = lines_of(folder);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].at("step"), 10);
  EXPECT_EQ(lines[0].at("changes").at("optimizer.lr"),
            nlohmann::json({{"before", "1.0e-03"}, {"after", "0.5"}}));
}

TEST(RunLog, PrintsTheTermsByName) {
  initialize_logging(/*rank=*/0, /*size=*/1);  // logs to standard error
  RunLog log(scratch_folder(), 0);
  testing::internal::CaptureStderr();
  StepReport report = report_at(10);
  log.step(report);
  report.values.resize(1);
  log.step(report);
  const std::string printed = testing::internal::GetCapturedStderr();
  EXPECT_NE(printed.find("Loss: 1.50000 (contrast 1.25000, others 0.25000)\n"), std::string::npos)
      << printed;
  EXPECT_NE(printed.find("Loss: 1.50000\n"), std::string::npos) << printed;
}

TEST(RunLog, SaysHowMuchTimeIsLeft) {
  initialize_logging(/*rank=*/0, /*size=*/1);
  RunLog log(scratch_folder(), 0);
  testing::internal::CaptureStderr();
  log.step(report_at(10));  // 90 steps of half a second
  EXPECT_NE(testing::internal::GetCapturedStderr().find("] Left: 45 s Data"), std::string::npos);
}

TEST(RunLog, PrintsScoresWithFourDigitsAndHowLongTheyTook) {
  initialize_logging(/*rank=*/0, /*size=*/1);
  RunLog log(scratch_folder(), 0);
  testing::internal::CaptureStderr();
  const double none = std::numeric_limits<double>::quiet_NaN();
  log.validation(10, 1, {{"emoji", {{"auroc", none}, {"top1", 1.0 / 3}}}}, {}, {{"emoji", 185}});
  const std::string printed = testing::internal::GetCapturedStderr();
  EXPECT_NE(printed.find("Eval Step: 10 Epoch: 1 emoji auroc: nan top1: 0.3333 Took: 3 min 05 s\n"),
            std::string::npos)
      << printed;
}

TEST(RunLog, RefusesATermWithTheNameOfItsOwnValue) {
  RunLog log(scratch_folder(), 0);
  StepReport report = report_at(10);
  report.values[1].first = "lr";
  EXPECT_THROW(log.step(report), InternalError);
}

TEST(RunLog, DropsWhatAnInterruptedRunLoggedAfterItsCheckpoint) {
  const auto folder = scratch_folder();
  {
    RunLog log(folder, 0);
    for (const int64_t step : {10, 20, 30}) log.step(report_at(step));
  }
  std::ofstream(folder / "results.jsonl", std::ios::app) << R"({"step": 40, "tra)";
  {
    RunLog log(folder, 20);
    log.step(report_at(30));
  }
  const auto lines = lines_of(folder);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[1].at("step"), 20);
  EXPECT_EQ(lines[2].at("step"), 30);
  RunLog anew(folder, -1);
  EXPECT_TRUE(lines_of(folder).empty());
}

}  // namespace
}  // namespace dermatome
