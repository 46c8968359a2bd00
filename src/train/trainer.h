// Trains a model: the loop of steps, validation and checkpoints that a run consists of.
#pragma once

namespace dermatome {

struct TrainOptions;
struct TrainingEnvironment;

enum class TrainingOutcome {
  kFinished,
  // A rank was asked to stop (src/core/stop_signal.h). A checkpoint of the last step is there, but
  // no new one if the request came while shards were staged.
  kStopped,
};

// Runs, or continues, the training that `options` describe in <output>/<name>/. A collective call:
// all ranks must pass equal options, which is checked (compare_ranks.h). Throws ConfigError when
// ranks differ, or the options do not fit the data, the ranks or the run's checkpoints; DataError;
// StorageLost; CommunicationError.
TrainingOutcome train(const TrainOptions& options, const TrainingEnvironment& environment);

}  // namespace dermatome
