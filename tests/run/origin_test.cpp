#include "src/run/origin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/config/train_options.h"
#include "src/core/error.h"
#include "tests/run/tiny_checkpoint.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class OriginTest : public testing::Test {
 protected:
  OriginTest() {
    for (const int64_t step : {20, 40}) {
      save_tiny_checkpoint(folder_ / "run/checkpoints", {step, "config", "data"});
    }
    std::filesystem::create_directories(folder_ / "empty");
  }

  // The checkpoint that `from` names, for a run in folder_.
  std::string path(const std::filesystem::path& from) const {
    TrainOptions options;
    options.output = folder_.string();
    options.from = from.string();
    return origin_path(options, find_origin(options)).lexically_relative(folder_);
  }

  std::string refusal(const std::filesystem::path& from) const {
    try {
      return "none: " + path(from);
    } catch (const DataError& error) {
      return error.what();
    }
  }

  const std::filesystem::path folder_ = scratch_folder();
};

TEST_F(OriginTest, IsARunWithOrWithoutAStep) {
  EXPECT_EQ(path(folder_ / "run"), "run/checkpoints/step_00000040");
  EXPECT_EQ(path(folder_ / "run:20"), "run/checkpoints/step_00000020");
  EXPECT_EQ(path("run"), "run/checkpoints/step_00000040") << "the name of a run beside it";
  EXPECT_EQ(path("run:20"), "run/checkpoints/step_00000020");
}

TEST_F(OriginTest, IsACheckpointWhereverItLies) {
  EXPECT_EQ(path(folder_ / "run/checkpoints/step_00000020"), "run/checkpoints/step_00000020");
  std::filesystem::copy(folder_ / "run/checkpoints/step_00000020", folder_ / "kept:3");
  EXPECT_EQ(path(folder_ / "kept:3"), "kept:3");
}

TEST_F(OriginTest, IsTheNewestThatIsWhole) {
  std::filesystem::remove(folder_ / "run/checkpoints/step_00000040/optimizer.safetensors");
  EXPECT_EQ(path(folder_ / "run"), "run/checkpoints/step_00000020");
  EXPECT_THAT(refusal(folder_ / "run:40"), HasSubstr("optimizer.safetensors is missing"));
}

TEST_F(OriginTest, MustExist) {
  EXPECT_THAT(refusal(folder_ / "run:30"), HasSubstr("no checkpoint of step 30, but of 20, 40"));
  for (const char* name : {"empty", "empty:3"}) {
    EXPECT_THAT(refusal(folder_ / name),
                AllOf(HasSubstr("from = "), HasSubstr("holds no checkpoint; name a run's")));
  }
  for (const char* name : {"rum", "rum:20"}) {
    const std::string nearest = "the nearest one in " + folder_.string() + " is run";
    EXPECT_THAT(refusal(folder_ / name), AllOf(HasSubstr("from = "), HasSubstr(nearest)));
    EXPECT_THAT(refusal(name), HasSubstr(nearest)) << "the name of a run beside it";
  }
  EXPECT_THAT(refusal("nonsense"), HasSubstr("those in " + folder_.string() + " are run"));
  EXPECT_THAT(refusal(folder_ / "empty/rum:20"),
              HasSubstr("the folder " + (folder_ / "empty").string() + " has no runs"));
  EXPECT_THAT(refusal(folder_ / "run/checkpoints/step_00000020:40"),
              HasSubstr("is the checkpoint of step 20"));
}

}  // namespace
}  // namespace dermatome
