#include "src/run/find_weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "src/core/file.h"
#include "tests/run/tiny_checkpoint.h"
#include "tests/support/error_of.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

namespace fs = std::filesystem;

constexpr const char* kOutput = "no folder of runs";

TEST(FindWeights, LeavesFilesAndFoldersOfWeightsAsTheyAre) {
  const fs::path folder = scratch_folder();
  write_file_atomically(folder / "weights.pt", "");
  for (const fs::path& given : {folder, folder / "weights.pt", folder / "gone.pt"}) {
    EXPECT_EQ(find_weights(given.string(), kOutput), given);
  }
}

TEST(FindWeights, TakesTheNewestEpochOfARunOfOpenClip) {
  const fs::path run = scratch_folder();
  const fs::path checkpoints = run / "checkpoints";
  fs::create_directory(checkpoints);
  EXPECT_THAT(error_of([&] { find_weights(run.string(), kOutput); }),
              testing::HasSubstr("holds no checkpoint yet"));
  for (const char* name : {"epoch_9.pt", "epoch_10.pt", "epoch_11.pt.tmp", "epoch_.pt", "x.pt"}) {
    write_file_atomically(checkpoints / name, "");
  }
  EXPECT_EQ(find_weights(run.string(), kOutput), checkpoints / "epoch_10.pt");
  EXPECT_EQ(find_weights(checkpoints.string(), kOutput), checkpoints / "epoch_10.pt");
  write_file_atomically(checkpoints / "epoch_latest.pt", "");
  EXPECT_EQ(find_weights(run.string(), kOutput), checkpoints / "epoch_latest.pt");
}

TEST(FindWeights, TakesAModelFromHuggingFacesCache) {
  const fs::path cache = scratch_folder();
  const fs::path snapshot = cache / "models--org--model/snapshots/c0ffee";
  fs::create_directories(snapshot);
  ::setenv("HF_HUB_CACHE", cache.c_str(), 1);
  EXPECT_EQ(find_weights("hf-hub:org/model", kOutput), snapshot);
  ::unsetenv("HF_HUB_CACHE");
  EXPECT_EQ(find_weights((cache / "models--org--model").string(), kOutput), snapshot);
}

TEST(FindWeights, TakesTheCheckpointThatARunAndAStepName) {
  const fs::path output = scratch_folder();
  const fs::path checkpoints = output / "run/checkpoints";
  for (const int64_t step : {20, 40}) {
    save_tiny_checkpoint(checkpoints, {step, "config", "data"});
  }
  for (const std::string& run : {(output / "run").string(), std::string("run")}) {
    EXPECT_EQ(find_weights(run, output), checkpoints / "step_00000040");
    EXPECT_EQ(find_weights(run + ":20", output), checkpoints / "step_00000020");
    EXPECT_THAT(error_of([&] { find_weights(run + ":30", output); }),
                testing::HasSubstr("no checkpoint of step 30, but of 20, 40"));
  }
  // What has a name like a run's, but is there itself, is no run.
  write_file_atomically(output / "odd:20", "");
  EXPECT_EQ(find_weights((output / "odd:20").string(), output), output / "odd:20");
}

TEST(FindWeights, NamesTheRunsThatExistForOneThatDoesNot) {
  const fs::path output = scratch_folder();
  fs::create_directories(output / "first/checkpoints");
  fs::create_directories(output / "no run");
  for (const std::string& run : {(output / "frist").string(), std::string("frist:20")}) {
    EXPECT_THAT(error_of([&] { find_weights(run, output); }),
                testing::HasSubstr("the nearest one in " + output.string() + " is first"));
  }
  EXPECT_THAT(error_of([&] { find_weights("vit-0.5", output); }),
              testing::HasSubstr("vit-0.5: no such file or directory, and there is no such run; "
                                 "those in " +
                                 output.string() + " are first"));
  EXPECT_THAT(error_of([&] { find_weights("frist", output / "gone"); }),
              testing::HasSubstr("the folder " + (output / "gone").string() + " has no runs"));
}

}  // namespace
}  // namespace dermatome
