// Where a training runs.
#pragma once

#include <c10/core/Device.h>

#include <functional>
#include <memory>
#include <string>

#include "src/distributed/collectives.h"

namespace dermatome {

// Made by the launcher, which knows ranks and devices.
struct TrainingEnvironment {
  Collectives* collectives = nullptr;
  // Connects a further group of CPU collectives over the same ranks, for another thread.
  std::function<std::unique_ptr<Collectives>(const std::string& name)> connect_cpu_group;
  c10::Device device = c10::kCPU;
  int local_rank = 0;  // among the ranks of this machine
  std::string binary;  // its version and revision
};

}  // namespace dermatome
