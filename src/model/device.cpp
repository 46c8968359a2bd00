#include "src/model/device.h"

#include <ATen/Context.h>

#include <filesystem>
#include <string>

#include "src/core/error.h"
#include "src/core/log.h"

namespace dermatome {
namespace {

// The driver's control device: there without CUDA libraries, too.
bool gpu_is_visible() { return std::filesystem::exists("/dev/nvidiactl"); }

}  // namespace

c10::Device choose_device(DeviceChoice choice, int local_rank) {
  if (choice == DeviceChoice::kCpu) return at::kCPU;
  const auto num_gpus = static_cast<int>(at::getNumGPUs());
  if (local_rank < num_gpus) {
    return c10::Device(at::kCUDA, static_cast<c10::DeviceIndex>(local_rank));
  }
  const std::string found = "this build of Dermatome finds " + std::to_string(num_gpus) +
                            " GPUs, and this is local rank " + std::to_string(local_rank);
  if (choice == DeviceChoice::kCuda || num_gpus > 0) {
    throw ConfigError("no GPU for this rank: " + found +
                      "; start one rank a GPU, build the CUDA variant, or set the device to cpu");
  }
  if (gpu_is_visible()) {
    log_warning("a GPU is visible but not used: " + found +
                "; build the CUDA variant to use it, or set the device to cpu to be silent");
  }
  return at::kCPU;
}

}  // namespace dermatome
