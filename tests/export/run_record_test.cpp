#include "src/export/run_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "src/core/file.h"
#include "src/core/text.h"
#include "src/model/clip.h"
#include "src/run/checkpoint.h"
#include "tests/support/error_of.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr const char* kConfig = R"(
name: first
output: /secret/folder
batch_size: 12
model: {architecture: /secret/model.json, pretrained: "hf-hub:org/model@v1"}
data: {train: /secret/shards}
schedule: {max_steps: 40, warmup: 1}
)";

fs::path save(const fs::path& checkpoints, const std::string& config) {
  ClipConfig tiny;
  tiny.embed_dim = 8;
  tiny.vision = {.image_size = 8, .patch_size = 8, .width = 8, .layers = 1, .head_width = 8};
  tiny.text = {.context_length = 8, .vocab_size = 8, .width = 8, .heads = 1, .layers = 1};
  Clip model(tiny, c10::kCPU);
  save_checkpoint(checkpoints, model, /*optimizer=*/{},
                  {.step = 20, .config_digest = "c", .dataset_digest = "d", .config = config},
                  /*keep=*/0);
  return checkpoint_path(checkpoints, 20);
}

TEST(RunRecord, OfOtherFoldersIsNone) {
  EXPECT_FALSE(read_run_record(scratch_folder()).has_value());
  EXPECT_FALSE(read_run_record(scratch_folder() / "gone.pt").has_value());
}

TEST(RunRecord, HoldsWhatACheckpointAloneSaysWithoutPaths) {
  const auto record = read_run_record(save(scratch_folder() / "copies", kConfig));
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->step, 20);
  EXPECT_EQ(record->dataset_digest, "d");
  EXPECT_EQ(record->base_model, "org/model");
  EXPECT_EQ(record->start, "org/model");
  EXPECT_EQ(record->planned_steps, 0);
  EXPECT_TRUE(record->scores.empty());
  const auto value_of = [&](const std::string& key) {
    const auto found = std::ranges::find(record->recipe, key, &Setting::key);
    return found == record->recipe.end() ? "" : found->value;
  };
  EXPECT_EQ(value_of("batch_size"), "12");
  EXPECT_NE(value_of("optimizer.lr"), "");
  EXPECT_NE(value_of("objective.mode"), "");
  for (const Setting& setting : record->recipe) {
    EXPECT_EQ(setting.value.find("secret"), std::string::npos) << setting.key;
  }
}

TEST(RunRecord, TellsWhatTheRunLogged) {
  const fs::path run = scratch_folder();
  const fs::path checkpoint = save(run / "checkpoints", kConfig);
  write_file_atomically(run / "starts.jsonl",
                        R"({"step":0,"steps":30,"samples":90,"version":"old"}
{"step":10,"steps":40,"samples":90,"version":"middle"}
{"step":30,"steps":50,"samples":90,"version":"later"}
)");
  write_file_atomically(
      run / "results.jsonl",
      R"({"step":10,"validation":{"early":{"top1":0.1}},"benchmarks":{"early":{"hashes":{"data":"e"}}}}
{"step":18,"validation":{"colors":{"top1":0.2,"auroc":null},"other":{"top1":0.3}},"benchmarks":{"other":{"hashes":{"data":"o"}}}}
{"step":20,"train":{"loss":1}}
{"step":28,"validation":{"later":{"top1":0.9}},"benchmarks":{}}
)");
  const std::string evaluation = text(
      R"({"step":20,"benchmark":"colors","num_samples":7,"scores":{"top1":0.5},"intervals":{"top1":[0.25,0.75]},"hashes":{"data":"c"},"leakage":{"status":"clean"},"state":")",
      state_hash(checkpoint), "\"}\n");
  write_file_atomically(
      run / "evaluations.jsonl",
      evaluation +
          R"({"step":20,"benchmark":"colors","scores":{"top1":0.9},"state":"of another checkpoint"}
)");
  const auto record = read_run_record(checkpoint);
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->planned_steps, 40);
  EXPECT_EQ(record->version, "middle");
  EXPECT_EQ(record->num_samples, 90);
  ASSERT_EQ(record->scores.size(), 2u);
  const RecordedScore& evaluated = record->scores[0];
  EXPECT_EQ(evaluated.benchmark, "colors");
  EXPECT_EQ(evaluated.value, 0.5);
  EXPECT_EQ(evaluated.interval, std::pair(0.25, 0.75));
  EXPECT_EQ(evaluated.num_samples, 7);
  EXPECT_EQ(evaluated.step, 20);
  EXPECT_EQ(evaluated.data, "c");
  EXPECT_EQ(evaluated.leakage, "clean");
  const RecordedScore& validated = record->scores[1];
  EXPECT_EQ(validated.benchmark, "other");
  EXPECT_EQ(validated.value, 0.3);
  EXPECT_EQ(validated.step, 18);
  EXPECT_EQ(validated.data, "o");
}

TEST(RunRecord, ADamagedCheckpointIsRefused) {
  const fs::path checkpoint = save(scratch_folder() / "checkpoints", kConfig);
  write_file_atomically(checkpoint / "config.yaml", "changed");
  EXPECT_THAT(error_of([&] { read_run_record(checkpoint); }), HasSubstr("config.yaml"));
}

}  // namespace
}  // namespace dermatome
