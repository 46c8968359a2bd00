#include "src/run/start_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <vector>

#include "src/core/file.h"
#include "src/core/json_lines.h"
#include "src/core/process_identity.h"
#include "src/run/run_directory.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

TEST(StartLog, SaysWhatStartedWhereAndWhen) {
  const auto run = scratch_folder();
  setenv("OMP_NUM_THREADS", "3", 1);
  setenv("DERMATOME_TEST_PASSWORD", "secret", 1);
  unsetenv("NCCL_ALGO");
  log_start(run, {{"version", "1"}, {"step", 0}});
  log_start(run, {{"version", "2"}, {"step", 20}});
  std::vector<nlohmann::ordered_json> starts;
  read_json_lines(RunDirectory(run).starts(),
                  [&](const auto& line, const std::string&) { starts.push_back(line); });
  ASSERT_EQ(starts.size(), 2u);
  EXPECT_EQ(starts[0].at("version"), "1");
  EXPECT_EQ(starts[1].at("step"), 20);
  const auto& line = starts[1];
  EXPECT_THAT(line.at("time").get<std::string>(), testing::MatchesRegex("20..-..-..T..:..:..Z"));
  EXPECT_EQ(line.at("host"), host_name());
  EXPECT_EQ(line.at("process"), getpid());
  EXPECT_EQ(line.at("folder"), std::filesystem::current_path().string());
  EXPECT_THAT(line.at("command").at(0).get<std::string>(), testing::HasSubstr("run_test"));
  EXPECT_EQ(line.at("environment").at("OMP_NUM_THREADS"), "3");
  EXPECT_FALSE(line.at("environment").contains("NCCL_ALGO"));
  EXPECT_THAT(read_file(RunDirectory(run).starts()), testing::Not(testing::HasSubstr("secret")));
}

}  // namespace
}  // namespace dermatome
