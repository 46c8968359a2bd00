#include "src/report/comparison.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "src/config/train_config.h"
#include "src/config/train_options.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/progress.h"
#include "tests/support/error_of.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class Comparison : public testing::Test {
 protected:
  // A run with these settings and with one logged step.
  std::filesystem::path run(const std::string& folder, const TrainOptions& options) {
    const std::filesystem::path path = folder_ / folder;
    make_directories(path);
    write_file_atomically(path / "config.yaml", dump_train_config(options));
    write_file_atomically(path / "results.jsonl",
                          R"({"step":10,"time":"2026-11-29T10:01:30Z","train":{"loss":2.5,)"
                          R"("images_per_second":80,"data_seconds":0.25,"step_seconds":1,)"
                          R"("memory_mib":512}})"
                          "\n");
    write_file_atomically(path / "starts.jsonl",
                          R"({"time":"2026-11-29T10:00:00Z","version":"9.9","parameters":2500000,)"
                          R"("cpu":"A CPU","ranks":[{"host":"n1","device":"cpu"},)"
                          R"({"host":"n2","device":"cpu"}]})"
                          "\n");
    return path;
  }

  TrainOptions options(const std::string& name) const {
    TrainOptions options;
    options.name = name;
    options.data.train = {"shards"};
    options.model.architecture = "model.json";
    return options;
  }

 private:
  std::filesystem::path folder_ = scratch_folder();
};

TEST_F(Comparison, ListsTheSettingsThatDifferWithTheValueOfEveryRun) {
  TrainOptions second = options("b"), third = options("c");
  second.optimizer.lr = 0.25;
  third.seed = 7;
  const std::vector<std::filesystem::path> paths = {run("1", options("a")), run("2", second),
                                                    run("3", third)};
  const json found = collect_comparison(paths);
  json differing = json::object();
  for (const json& setting : found["differing"]) differing[setting["key"]] = setting["values"];
  EXPECT_EQ(differing.size(), 3);
  EXPECT_EQ(differing["name"], json({"\"a\"", "\"b\"", "\"c\""}));
  EXPECT_EQ(differing["optimizer.lr"][0], differing["optimizer.lr"][2]);
  EXPECT_EQ(differing["optimizer.lr"][1], "0.25");
  EXPECT_EQ(differing["seed"], json({"0", "0", "7"}));
  EXPECT_EQ(found["runs"][1]["name"], "b");
  EXPECT_EQ(found["runs"][1]["curves"]["train"]["loss"], json({2.5}));
  json facts = json::object();
  for (const json& fact : found["runs"][1]["facts"]) facts[fact["name"]] = fact["value"];
  EXPECT_EQ(facts["first start"], "2026-11-29T10:00:00Z");
  EXPECT_EQ(facts["at work"], duration_text(90) + " in 1 start(s)");
  EXPECT_EQ(facts["throughput"], "80 images/s (median), waiting for data 25.0 % of the time");
  EXPECT_EQ(facts["memory"], "512 MiB at most on rank 0");
  EXPECT_EQ(facts["hardware"], "2 rank(s) on n1, n2 (cpu; A CPU)");
  EXPECT_EQ(facts["parameters"], "2.5 million");
  EXPECT_EQ(facts["version"], "9.9");
}

TEST_F(Comparison, TellsRunsOfOneNameApartByTheirFolders) {
  const std::vector<std::filesystem::path> paths = {run("1", options("a")), run("2", options("a"))};
  const json found = collect_comparison(paths);
  EXPECT_EQ(found["runs"][0]["name"], paths[0].string());
  EXPECT_EQ(found["runs"][1]["name"], paths[1].string());
  EXPECT_TRUE(found["differing"].empty());
}

TEST_F(Comparison, RefusesAFolderThatIsNoRun) {
  const std::vector<std::filesystem::path> paths = {run("1", options("a")), "nowhere"};
  EXPECT_THAT(error_of([&] { collect_comparison(paths); }), HasSubstr("nowhere"));
}

}  // namespace
}  // namespace dermatome
