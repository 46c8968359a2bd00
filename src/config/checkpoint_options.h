// The section `checkpoint`: when checkpoints are saved and which are kept.
// Field names are YAML keys; src/config/train_config.h reads them.
#pragma once

#include <cstdint>

namespace dermatome {

struct CheckpointOptions {
  int64_t every_epochs = 1;  // 0: not by epochs
  int64_t every_steps = 0;   // 0: not by steps
  int64_t keep = 0;          // how many of the newest are kept; 0: all

  bool operator==(const CheckpointOptions&) const = default;
};

}  // namespace dermatome
