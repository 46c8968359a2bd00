// The section `runtime`: devices, threads, timeouts.
// Field names are YAML keys; src/config/train_config.h reads them, and `dermatome config` prints
// the comment above each field.
#pragma once

#include <cstdint>

namespace dermatome {

enum class DeviceChoice { kAuto, kCpu, kCuda };

struct RuntimeOptions {
  // Where the ranks compute. auto: on GPUs if the build supports them and there are some.
  DeviceChoice device = DeviceChoice::kAuto;
  // Threads per rank that share an operation; 0: the cores that the rank may use, divided by the
  // ranks of its machine.
  int64_t threads = 0;
  // The time limit of every collective, in seconds.
  double timeout_s = 300;
  // Steps from one log line to the next.
  int64_t log_every = 10;
  // The size of the buckets in which gradients are summed over ranks, in MB.
  int64_t bucket_mb = 25;

  bool operator==(const RuntimeOptions&) const = default;
};

}  // namespace dermatome
