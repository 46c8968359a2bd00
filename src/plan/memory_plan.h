// How much memory a training step of one rank needs, part by part: an estimate that counts what is
// kept when the step's memory is at its largest.
#pragma once

#include <string>
#include <vector>

#include "src/model/clip_config.h"
#include "src/plan/step_load.h"

namespace dermatome {

struct TrainOptions;

struct MemoryPart {
  std::string what;
  double bytes = 0;
  bool on_host = false;  // lies in host memory even when training on a GPU
};

struct MemoryPlan {
  std::vector<MemoryPart> parts;  // all memory at the peak
  double device_bytes = 0;        // the sum of all parts; for a GPU without those marked on_host
  double host_bytes = 0;          // for a GPU the sum of the parts marked on_host, else 0
  double parameter_bytes = 0;     // of the model's weights alone
  double trained_bytes = 0;       // of those that are not locked
};

// On the CPU, tests check that the sum is within 15 % of the peak memory of `dermatome train`. The
// plan with `on_gpu` has never been compared with a GPU.
MemoryPlan plan_memory(const ClipConfig& config, const TrainOptions& options, const StepLoad& load,
                       bool on_gpu);

}  // namespace dermatome
