// What a training starts with, written down for later.
#pragma once

#include <cstdint>

#include "sharding/dataset.h"
#include "src/model/clip.h"
#include "src/train/run_length.h"

namespace dermatome {

struct StartingPoint;
struct TrainOptions;
struct TrainingEnvironment;

// Appends a line to <run>/starts.jsonl (src/run/start_log.h) on rank 0, with these keys:
//   `version` and `libtorch`: of the program
//   `step`: the steps done, and `checkpoint`: what the start continues from, or begins with
//   `steps`, `samples`, `parameters`: of the whole run, of the data set, of the model
//   `trained_parameters`: those of the model that are not locked
//   `config_digest`, `dataset_digest`: as in checkpoints
//   `ranks`: each rank's `host`, `device` and `threads`
// A collective call. Throws DataError.
void record_start(const TrainOptions& options, const StartingPoint& start, const RunLength& length,
                  const ShardedDataset& dataset, const Clip& model,
                  const TrainingEnvironment& environment);

}  // namespace dermatome
