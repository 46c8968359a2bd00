// What a training step computes and sends: an estimate by counting, without running anything.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "src/model/clip_config.h"
#include "src/plan/step_load.h"

namespace dermatome {

struct TrainOptions;

// Floating-point operations of one rank's step (a multiplication and an addition are two), forward,
// backward, and what is computed again for checkpointed blocks and micro-batches. Only matrix
// products are counted: all else is a few per cent of the time, and fewer of the operations.
struct StepFlops {
  double image_tower = 0;
  double text_tower = 0;
  double objective = 0;
};

StepFlops step_flops(const ClipConfig& config, const TrainOptions& options, const StepLoad& load);

// Collectives of one kind in a step.
struct PlannedCollective {
  std::string operation;  // all-gather | all-reduce
  std::string what;       // the name in messages
  int64_t count = 0;
  double bytes = 0;  // input of one rank, all `count` together
  double sent = 0;   // sent by one rank, all `count` together, if ranks form a ring
};

// All ranks are assumed to have the same number of texts. Bookkeeping of a few bytes per step is
// left out. Empty for one rank.
std::vector<PlannedCollective> step_collectives(const ClipConfig& config,
                                                const TrainOptions& options, const StepLoad& load);

}  // namespace dermatome
