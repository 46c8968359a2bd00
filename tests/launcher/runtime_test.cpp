#include "launcher/runtime.h"

#include <ATen/Context.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "src/config/runtime_options.h"
#include "src/core/error.h"

namespace dermatome {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Environment with(const std::map<std::string, std::string>& variables) {
  return [variables](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

bool by_mpi(const std::map<std::string, std::string>& variables) {
  return started_by_mpi(with(variables));
}

TEST(StartedByMpi, KnowsItsLaunchers) {
  EXPECT_FALSE(by_mpi({}));
  EXPECT_FALSE(by_mpi({{"RANK", "0"}, {"WORLD_SIZE", "2"}}));
  EXPECT_TRUE(by_mpi({{"OMPI_COMM_WORLD_SIZE", "2"}, {"SLURM_STEP_ID", "0"}}));
  EXPECT_TRUE(by_mpi({{"PMIX_RANK", "0"}, {"SLURM_STEP_ID", "0"}}));
  EXPECT_TRUE(by_mpi({{"PMI_RANK", "0"}}));
  EXPECT_FALSE(by_mpi({{"PMI_RANK", "0"}, {"SLURM_STEP_ID", "0"}})) << "srun without PMIx";
  EXPECT_TRUE(by_mpi({{"PMI_RANK", "0"}, {"MPI_LOCALRANKID", "0"}, {"SLURM_STEP_ID", "0"}}))
      << "MPICH's mpirun inside a Slurm job";
}

TEST(Runtime, OfOneProcessNeedsNoLauncher) {
  RuntimeOptions options;
  options.device = DeviceChoice::kCpu;
  options.threads = 1;
  Runtime runtime(options);
  EXPECT_EQ(runtime.world().size, 1);
  EXPECT_EQ(runtime.collectives().size(), 1);
  EXPECT_TRUE(runtime.device().is_cpu());
}

TEST(Runtime, NeverFallsBackFromCuda) {
  if (at::hasCUDA()) return;  // nothing to fall back from
  RuntimeOptions options;
  options.device = DeviceChoice::kCuda;
  try {
    Runtime runtime(options);
    FAIL() << "no error";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("runtime.device is cuda, but "), HasSubstr("runtime.device=cpu")));
  }
}

// The error of a runtime on any device, with these GPUs; empty: there was none.
std::string error_with_gpus(const char* gpus, DeviceChoice device) {
  setenv("DERMATOME_REQUIRE_GPU", "1", 1);
  setenv("CUDA_VISIBLE_DEVICES", gpus, 1);
  RuntimeOptions options;
  options.device = device;
  options.threads = 1;
  std::string message;
  try {
    const Runtime runtime(options);
  } catch (const ConfigError& error) {
    message = error.what();
  }
  unsetenv("DERMATOME_REQUIRE_GPU");
  unsetenv("CUDA_VISIBLE_DEVICES");
  return message;
}

TEST(Runtime, OfAJobWithGpusNeedsOneUnlessTheCpuIsAskedFor) {
  if (at::hasCUDA()) return;  // the GPU is used
  EXPECT_THAT(error_with_gpus("0", DeviceChoice::kAuto),
              AllOf(HasSubstr("this job has GPUs (CUDA_VISIBLE_DEVICES=0), but "),
                    HasSubstr("no CUDA"), HasSubstr("runtime.device=cpu")));
  EXPECT_EQ(error_with_gpus("", DeviceChoice::kAuto), "");
  EXPECT_EQ(error_with_gpus("0", DeviceChoice::kCpu), "");
}

TEST(Runtime, WarnsOfGpusThatItCannotUse) {
  if (at::hasCUDA()) return;
  setenv("SLURM_GPUS_ON_NODE", "2", 1);
  testing::internal::CaptureStderr();
  const Runtime runtime(RuntimeOptions{});
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              AllOf(HasSubstr("A GPU IS THERE AND UNUSED: this build of Dermatome has no CUDA"),
                    HasSubstr("(SLURM_GPUS_ON_NODE=2)")));
  unsetenv("SLURM_GPUS_ON_NODE");
}

}  // namespace
}  // namespace dermatome
