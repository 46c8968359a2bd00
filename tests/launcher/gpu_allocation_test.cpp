#include "launcher/gpu_allocation.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/given_environment.h"

namespace dermatome {
namespace {

std::string given_by(const Variables& variables) { return given_gpus(environment_of(variables)); }

TEST(GivenGpus, AreNamedByTheVariableThatGivesThem) {
  EXPECT_EQ(given_by({}), "");
  EXPECT_EQ(given_by({{"CUDA_VISIBLE_DEVICES", "0,1"}, {"SLURM_JOB_GPUS", "4,5"}}),
            "CUDA_VISIBLE_DEVICES=0,1");
  EXPECT_EQ(given_by({{"SLURM_JOB_GPUS", "0"}}), "SLURM_JOB_GPUS=0") << "a list of one device";
  EXPECT_EQ(given_by({{"SLURM_GPUS_ON_NODE", "0"}, {"SLURM_GPUS_PER_TASK", "h100:1"}}),
            "SLURM_GPUS_PER_TASK=h100:1");
}

TEST(GivenGpus, AreNoneWhereAllAreHidden) {
  for (const char* hidden : {"", "-1", "NoDevFiles"}) {
    EXPECT_EQ(given_by({{"CUDA_VISIBLE_DEVICES", hidden}, {"SLURM_GPUS", "8"}}), "") << hidden;
  }
}

TEST(GivenGpus, AreRequiredOnlyIfTheJobScriptSaysSo) {
  const auto required = [](Variables variables) {
    return gpu_is_required(environment_of(variables));
  };
  EXPECT_FALSE(required({{"SLURM_GPUS", "8"}}));
  EXPECT_FALSE(required({{"DERMATOME_REQUIRE_GPU", "1"}}));
  EXPECT_FALSE(required({{"SLURM_GPUS", "8"}, {"DERMATOME_REQUIRE_GPU", "0"}}));
  EXPECT_TRUE(required({{"SLURM_GPUS", "8"}, {"DERMATOME_REQUIRE_GPU", "1"}}));
}

}  // namespace
}  // namespace dermatome
