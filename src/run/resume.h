// Which checkpoint a run continues from.
#pragma once

#include <optional>
#include <string>

#include "src/run/checkpoint.h"

namespace dermatome {

struct TrainOptions;

// The run's newest checkpoint, every file of it verified; nullopt: the run starts anew. Throws
// ConfigError when it belongs to other settings or another data set, or must not be continued;
// DataError when there are checkpoints but none is whole.
std::optional<TrainingState> find_own_checkpoint(const TrainOptions& options,
                                                 const std::string& dataset_digest);

}  // namespace dermatome
