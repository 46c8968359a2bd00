#include "src/run/checkpoint.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "src/core/error.h"
#include "src/core/file.h"
#include "src/model/clip.h"
#include "src/run/find_weights.h"
#include "src/train/optimizer.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

namespace fs = std::filesystem;

ClipConfig tiny_config(int64_t width = 32) {
  ClipConfig config;
  config.embed_dim = 8;
  config.vision = {
      .image_size = 16, .patch_size = 8, .width = width, .layers = 1, .head_width = 16};
  config.text = {.context_length = 8, .vocab_size = 32, .width = 16, .heads = 2, .layers = 1};
  return config;
}

Clip tiny_model(uint64_t seed, int64_t width = 32) {
  Clip model(tiny_config(width), c10::kCPU);
  model.initialize(seed);
  return model;
}

class Checkpoint : public testing::Test {
 protected:
  Checkpoint()
      : folder_(scratch_folder()), model_(tiny_model(1)), optimizer_(model_.parameters(), {}) {
    for (const auto& parameter : model_.parameters()) {
      at::Tensor value = parameter.value;
      value.mutable_grad() = at::ones_like(value);
    }
    optimizer_.step(1e-3);
  }

  void save(int64_t step, int64_t keep = 0) {
    save_checkpoint(folder_, model_, optimizer_.state(), {step, "config", "data"}, keep);
  }

  // The error of verifying checkpoint `step`, "" if it verifies.
  std::string refusal(int64_t step) {
    try {
      verify_checkpoint(checkpoint_path(folder_, step));
      return "";
    } catch (const DataError& error) {
      return error.what();
    }
  }

  fs::path folder_;
  Clip model_;
  AdamW optimizer_;
};

TEST_F(Checkpoint, ComesBackBitEqual) {
  save(7);
  const auto state = find_newest_checkpoint(folder_);
  ASSERT_TRUE(state.has_value());
  EXPECT_EQ(state->step, 7);
  EXPECT_EQ(state->config_digest, "config");
  EXPECT_EQ(state->dataset_digest, "data");
  Clip loaded = tiny_model(2);
  AdamW loaded_optimizer(loaded.parameters(), {});
  load_checkpoint(checkpoint_path(folder_, 7), loaded,
                  [&](const auto& moments) { loaded_optimizer.load_state(moments); });
  for (size_t i = 0; i < model_.parameters().size(); ++i) {
    EXPECT_TRUE(at::equal(loaded.parameters()[i].value, model_.parameters()[i].value));
  }
  const auto expected = optimizer_.state();
  const auto actual = loaded_optimizer.state();
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(actual[i].first, expected[i].first);
    EXPECT_TRUE(at::equal(actual[i].second, expected[i].second)) << expected[i].first;
  }
}

TEST_F(Checkpoint, LatestNamesTheNewestAndNothingTemporaryStays) {
  save(7);
  save(12);
  EXPECT_EQ(read_file(folder_ / "latest"), "step_00000012\n");
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    names.push_back(entry.path().filename());
  }
  EXPECT_THAT(names, testing::UnorderedElementsAre("latest", "step_00000007", "step_00000012"));
}

TEST_F(Checkpoint, ARunStandsForItsNewestThatVerifies) {
  const fs::path checkpoints = folder_ / "checkpoints";
  for (const int64_t step : {1, 2}) {
    save_checkpoint(checkpoints, model_, optimizer_.state(), {step, "config", "data"}, /*keep=*/0);
  }
  const fs::path newest = checkpoint_path(checkpoints, 2);
  for (const fs::path& given : {folder_, checkpoints, newest}) {
    EXPECT_EQ(find_weights(given.string(), ""), newest);
  }
  fs::remove(newest / "optimizer.safetensors");
  EXPECT_EQ(find_weights(folder_.string(), ""), checkpoint_path(checkpoints, 1));
}

TEST_F(Checkpoint, KeepsTheNewest) {
  for (const int64_t step : {1, 2, 3, 10}) save(step, /*keep=*/2);
  EXPECT_FALSE(fs::exists(checkpoint_path(folder_, 2)));
  EXPECT_TRUE(fs::exists(checkpoint_path(folder_, 3)));
  EXPECT_TRUE(fs::exists(checkpoint_path(folder_, 10)));
}

TEST_F(Checkpoint, KeepsTheNewestThatTheRunHasReached) {
  for (const int64_t step : {10, 20}) save(step);
  fs::remove(checkpoint_path(folder_, 20) / "optimizer.safetensors");
  // The run resumes from step 10 and saves at step 15, before it reaches step 20 again.
  save(15, /*keep=*/1);
  EXPECT_EQ(find_newest_checkpoint(folder_)->step, 15);
  EXPECT_FALSE(fs::exists(checkpoint_path(folder_, 10)));
}

TEST_F(Checkpoint, KeepsTheBest) {
  const fs::path checkpoints = folder_ / "checkpoints";
  for (const int64_t step : {1, 2, 3, 4}) {
    save_checkpoint(checkpoints, model_, optimizer_.state(), {step, "config", "data"}, /*keep=*/1);
    if (step == 2) mark_best(checkpoints, 2);
  }
  EXPECT_EQ(read_file(folder_ / "best"), "step_00000002\n");
  EXPECT_THAT(checkpoint_steps(checkpoints), testing::ElementsAre(4, 2));
}

TEST_F(Checkpoint, EveryDamageIsNamed) {
  save(1);
  EXPECT_EQ(refusal(1), "");
  const fs::path directory = checkpoint_path(folder_, 1);
  const auto damaged = [&](const std::string& file, const std::string& content) {
    const std::string original = read_file(directory / file);
    write_file_atomically(directory / file, content);
    const std::string message = refusal(1);
    write_file_atomically(directory / file, original);
    return message;
  };
  std::string weights = read_file(directory / "open_clip_model.safetensors");
  EXPECT_THAT(damaged("open_clip_model.safetensors", weights.substr(0, weights.size() - 1)),
              testing::HasSubstr("open_clip_model.safetensors is truncated"));
  weights.back() = static_cast<char>(weights.back() ^ 1);
  EXPECT_THAT(damaged("open_clip_model.safetensors", weights),
              testing::HasSubstr("open_clip_model.safetensors does not match its checksum"));
  std::string state = read_file(directory / "state.json");
  EXPECT_THAT(damaged("state.json", state.substr(0, state.size() / 2)),
              testing::HasSubstr("state.json: not valid JSON"));
  EXPECT_THAT(damaged("state.json", R"({"crc32c": 1})"),
              testing::HasSubstr("state.json: state (missing) must be a JSON object"));
  state.replace(state.find("\"step\": 1"), 9, "\"step\": 2");
  EXPECT_THAT(damaged("state.json", state), testing::HasSubstr("checksum"));
  fs::remove(directory / "optimizer.safetensors");
  EXPECT_THAT(refusal(1), testing::HasSubstr("optimizer.safetensors is missing"));
}

TEST_F(Checkpoint, TheNewestThatVerifiesIsTaken) {
  save(1);
  save(2);
  fs::remove(checkpoint_path(folder_, 2) / "optimizer.safetensors");
  EXPECT_EQ(find_newest_checkpoint(folder_)->step, 1);
  fs::remove(checkpoint_path(folder_, 1) / "optimizer.safetensors");
  EXPECT_THROW(find_newest_checkpoint(folder_), DataError);
  EXPECT_FALSE(find_newest_checkpoint(folder_ / "nothing").has_value());
}

TEST_F(Checkpoint, IsRefusedForAnotherModel) {
  save(1);
  Clip other = tiny_model(1, /*width=*/48);
  AdamW optimizer(other.parameters(), {});
  EXPECT_THROW(load_checkpoint(checkpoint_path(folder_, 1), other,
                               [&](const auto& state) { optimizer.load_state(state); }),
               DataError);
}

}  // namespace
}  // namespace dermatome
