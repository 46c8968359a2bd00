// How much memory a training step of one rank needs, by what needs it: an estimate by counting what
// is kept when the step's memory is at its largest.
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
  bool on_host = false;  // of a training on a GPU too
};

struct MemoryPlan {
  std::vector<MemoryPart> parts;  // what is there at the peak
  double device_bytes = 0;        // their sum but for what a GPU's training holds on the host
  double host_bytes = 0;          // that
  double parameter_bytes = 0;     // of the model's weights alone
};

// On the CPU tests hold the sum to 15 % of what `dermatome train` used at most. `on_gpu`: never
// compared with a GPU.
MemoryPlan plan_memory(const ClipConfig& config, const TrainOptions& options, const StepLoad& load,
                       bool on_gpu);

}  // namespace dermatome
