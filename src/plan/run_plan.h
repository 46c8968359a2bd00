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

// Where a rank works, as far as memory goes.
struct PlannedDevice {
  std::string name;
  double bytes = 0;  // for one rank
  bool is_gpu = false;
};

struct RunPlan {
  // The training data; without it (not there yet) texts are assumed, and the length is unknown (0).
  bool has_data = false;
  int64_t num_samples = 0, num_shards = 0;
  int64_t epoch_samples = 0;  // places of an epoch, incomplete batches included
  double shard_bytes = 0;
  RunLength length;

  StepLoad load;
  MemoryPlan memory;
  StepFlops flops;  // of a rank's step
  std::vector<PlannedCollective> collectives;
  double checkpoint_bytes = 0;  // of one
  // That will be there, the one being written included; nullopt: unknown without data.
  std::optional<int64_t> checkpoints_at_once;
  double free_disk_bytes = 0;  // where the run's files go
};

// Throws ConfigError or DataError, naming setting and remedy, for a run that cannot work: whatever
// the training itself checks at its start (of the data only where they are there), more memory than
// `device` has, more disk than there is. Opens, to see that they fit, model.pretrained, the
// validation's data and benchmarks, and the run's newest checkpoint.
RunPlan plan_run(const TrainOptions& options, int64_t num_ranks, const PlannedDevice& device);

}  // namespace dermatome
