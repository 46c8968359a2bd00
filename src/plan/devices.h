// Which device a plan is for, and how much memory a rank has there.
#pragma once

#include <cstdint>
#include <string>

#include "src/plan/run_plan.h"

namespace dermatome {

enum class DeviceChoice;

struct DeviceRequest {
  std::string name;    // of the list, "cpu", or any where `memory` is given; empty: the default
  std::string memory;  // of one device, "141GiB"; empty: as the list says
  std::string file;    // of further devices, as configs/devices.yaml; empty: none
  int64_t cpu_sharers = 1;  // ranks that share a machine like this one, where no GPU is asked for
};

// The devices of configs/devices.yaml are known in every binary. Without a name and a size the plan
// is for this machine's CPU, unless `configured`, runtime.device, asks for a GPU. Throws
// ConfigError for that, for a name that is not known and comes without its memory, and for the
// file's mistakes.
PlannedDevice planned_device(const DeviceRequest& request, DeviceChoice configured);

}  // namespace dermatome
