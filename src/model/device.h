// Which device a process computes on.
#pragma once

#include <c10/core/Device.h>

#include "src/config/options.h"

namespace dermatome {

// kCuda: GPU `local_rank` of this machine; throws ConfigError if there is none, and never falls
// back. kAuto: the same if this build and machine have GPUs, otherwise the CPU; warns when a GPU is
// visible and unused.
c10::Device choose_device(DeviceChoice choice, int local_rank);

}  // namespace dermatome
