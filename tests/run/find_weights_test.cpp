#include "src/run/find_weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "src/core/file.h"
#include "tests/support/error_of.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

namespace fs = std::filesystem;

TEST(FindWeights, LeavesFilesAndFoldersOfWeightsAsTheyAre) {
  const fs::path folder = scratch_folder();
  write_file_atomically(folder / "weights.pt", "");
  for (const fs::path& given : {folder, folder / "weights.pt", folder / "gone.pt"}) {
    EXPECT_EQ(find_weights(given.string()), given);
  }
}

TEST(FindWeights, TakesTheNewestEpochOfARunOfOpenClip) {
  const fs::path run = scratch_folder();
  const fs::path checkpoints = run / "checkpoints";
  fs::create_directory(checkpoints);
  EXPECT_THAT(error_of([&] { find_weights(run.string()); }),
              testing::HasSubstr("holds no checkpoint yet"));
  for (const char* name : {"epoch_9.pt", "epoch_10.pt", "epoch_11.pt.tmp", "epoch_.pt", "x.pt"}) {
    write_file_atomically(checkpoints / name, "");
  }
  EXPECT_EQ(find_weights(run.string()), checkpoints / "epoch_10.pt");
  EXPECT_EQ(find_weights(checkpoints.string()), checkpoints / "epoch_10.pt");
  write_file_atomically(checkpoints / "epoch_latest.pt", "");
  EXPECT_EQ(find_weights(run.string()), checkpoints / "epoch_latest.pt");
}

TEST(FindWeights, TakesAModelFromHuggingFacesCache) {
  const fs::path cache = scratch_folder();
  const fs::path snapshot = cache / "models--org--model/snapshots/c0ffee";
  fs::create_directories(snapshot);
  ::setenv("HF_HUB_CACHE", cache.c_str(), 1);
  EXPECT_EQ(find_weights("hf-hub:org/model"), snapshot);
  ::unsetenv("HF_HUB_CACHE");
  EXPECT_EQ(find_weights((cache / "models--org--model").string()), snapshot);
}

}  // namespace
}  // namespace dermatome
