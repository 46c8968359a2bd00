// The section `runtime`: devices, threads, timeouts.
// Field names are YAML keys; src/config/train_config.h reads them.
#pragma once

#include <cstdint>

namespace dermatome {

enum class DeviceChoice { kAuto, kCpu, kCuda };

struct RuntimeOptions {
  DeviceChoice device = DeviceChoice::kAuto;  // auto | cpu | cuda
  int64_t threads = 0;     // intra-op threads per rank; 0: allowed cores / local ranks
  double timeout_s = 300;  // time limit of every collective
  int64_t log_every = 10;  // steps between log lines
  int64_t bucket_mb = 25;  // size of a gradient all-reduce bucket

  bool operator==(const RuntimeOptions&) const = default;
};

}  // namespace dermatome
