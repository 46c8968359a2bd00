// What a run will need and whether it can work, before any rank is started.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "src/plan/memory_plan.h"
#include "src/plan/step_cost.h"
#include "src/plan/step_load.h"
#include "src/train/run_length.h"

namespace dermatome {

struct TrainOptions;

// The device on which a rank works, as far as its memory matters.
struct PlannedDevice {
  std::string name;
  double bytes = 0;  // for one rank
  bool is_gpu = false;
};

struct RunPlan {
  // Whether the training data exist; if not, texts are assumed, and the length is unknown (0).
  bool has_data = false;
  int64_t num_samples = 0, num_shards = 0;
  int64_t epoch_samples = 0;  // places of an epoch, incomplete batches included
  double shard_bytes = 0;
  RunLength length;

  StepLoad load;
  MemoryPlan memory;
  StepFlops flops;  // of a rank's step
  std::vector<PlannedCollective> collectives;
  double checkpoint_bytes = 0;  // of one checkpoint
  // Checkpoints on disk at the same time, including the one being written; nullopt if the run's
  // length is unknown because the data are missing.
  std::optional<int64_t> checkpoints_at_once;
  double free_disk_bytes = 0;  // where the run's files go
};

// Throws ConfigError or DataError, naming setting and remedy, for a run that cannot work: it fails
// a check that the training makes at its start (checks of the data only if they exist), needs more
// memory than `device` has, or more disk than is free. Opens model.pretrained, the validation's
// data and benchmarks, and the run's newest checkpoint to see that they fit.
RunPlan plan_run(const TrainOptions& options, int64_t num_ranks, const PlannedDevice& device);

}  // namespace dermatome
