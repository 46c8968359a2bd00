// Checkpoints of a tiny model.
#pragma once

#include <filesystem>

#include "src/run/checkpoint.h"

namespace dermatome {

// Saves a checkpoint with this state in the folder `checkpoints`, and returns its path.
std::filesystem::path save_tiny_checkpoint(const std::filesystem::path& checkpoints,
                                           const TrainingState& state);

}  // namespace dermatome
