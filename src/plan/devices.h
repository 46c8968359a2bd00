// Which device a plan is for, and how much memory a rank has there.
#pragma once

#include <cstdint>
#include <string>

#include "src/plan/run_plan.h"

namespace dermatome {

enum class DeviceChoice;

struct DeviceRequest {
  std::string name;    // in the list, "cpu", or any name if `memory` is given; empty: the default
  std::string memory;  // of one device, "141GiB"; empty: as the list says
  std::string file;    // a list of further devices, like configs/devices.yaml; empty: none
  int64_t cpu_sharers = 1;  // ranks that share a machine like this one, if no GPU is asked for
};

// The devices of configs/devices.yaml are known in every binary. Without a name and a size the plan
// is for this machine's CPU. Throws ConfigError if then `configured`, runtime.device, asks for a
// GPU; for an unknown name without a size; and for mistakes in the file.
PlannedDevice planned_device(const DeviceRequest& request, DeviceChoice configured);

}  // namespace dermatome
