// The section `checkpoint`: when checkpoints are saved and which are kept.
// Field names are YAML keys; src/config/train_config.h reads them, and `dermatome config` prints
// the comment above each field.
#pragma once

#include <cstdint>

namespace dermatome {

struct CheckpointOptions {
  // A checkpoint is saved after every so many epochs, and after the last step; 0: not by epochs.
  int64_t every_epochs = 1;
  // A checkpoint is saved after every so many steps; 0: not by steps.
  int64_t every_steps = 0;
  // How many of the newest checkpoints are kept; 0: all.
  int64_t keep = 0;

  bool operator==(const CheckpointOptions&) const = default;
};

}  // namespace dermatome
