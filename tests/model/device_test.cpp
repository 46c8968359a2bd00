#include "src/model/device.h"

#include <ATen/Context.h>
#include <gtest/gtest.h>

#include "src/core/error.h"

namespace dermatome {
namespace {

TEST(ChooseDevice, CpuIsAlwaysThere) {
  EXPECT_EQ(choose_device(DeviceChoice::kCpu, 7), c10::Device(at::kCPU));
}

TEST(ChooseDevice, CudaNeverFallsBack) {
  EXPECT_THROW(choose_device(DeviceChoice::kCuda, static_cast<int>(at::getNumGPUs())), ConfigError);
}

TEST(ChooseDevice, AutoTakesAGpuWhereThereIsOne) {
  EXPECT_EQ(choose_device(DeviceChoice::kAuto, 0).is_cuda(), at::getNumGPUs() > 0);
}

}  // namespace
}  // namespace dermatome
