// Which checkpoint a run continues from.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "src/config/options.h"
#include "src/train/checkpoint.h"

namespace dermatome {

// <output>/<name>
std::filesystem::path run_directory(const TrainOptions& options);
std::filesystem::path checkpoints_directory(const TrainOptions& options);

// The run's newest checkpoint, every file of it verified; nullopt: the run starts anew. Throws
// ConfigError when it belongs to other settings or another data set, or must not be continued;
// DataError when there are checkpoints but none is whole.
std::optional<TrainingState> find_own_checkpoint(const TrainOptions& options,
                                                 const std::string& dataset_digest);

}  // namespace dermatome
