// Trains a model: the loop of steps, validation and checkpoints that a run consists of.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "src/config/options.h"
#include "src/distributed/collectives.h"

namespace dermatome {

// Where a trainer runs: made by the launcher, which knows ranks and devices.
struct TrainingEnvironment {
  Collectives* collectives = nullptr;
  // A further group of CPU collectives over the same ranks, for another thread.
  std::function<std::unique_ptr<Collectives>(const std::string& name)> connect_cpu_group;
  c10::Device device = c10::kCPU;
  int local_rank = 0;  // among the ranks of this machine
};

enum class TrainingOutcome {
  kFinished,
  // A rank was asked to stop (SIGTERM, SIGUSR1). A checkpoint of the last step is there, but no
  // new one if the request came while shards were staged.
  kStopped,
};

// Runs, or continues, the training that `options` describe in <output>/<name>/. Every rank calls it
// with equal options. Throws ConfigError when the options do not fit the data, the ranks or the
// run's checkpoints; DataError; CommunicationError.
TrainingOutcome train(const TrainOptions& options, const TrainingEnvironment& environment);

}  // namespace dermatome
