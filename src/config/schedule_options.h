// The section `schedule`: the length of a training and its learning rate.
// Field names are YAML keys; src/config/train_config.h reads them, and `dermatome config` prints
// the comment above each field.
#pragma once

#include <algorithm>
#include <cstdint>

namespace dermatome {

struct ScheduleOptions {
  // The length of the training, unless max_steps says it.
  int64_t epochs = 32;
  // The run ends after so many steps, and so does the cosine of the learning rate; 0: epochs
  // decides.
  int64_t max_steps = 0;
  // Steps of linear warm-up; -1: a tenth of the training, at most 10,000 steps. A run that is
  // continued keeps the warm-up that it had.
  int64_t warmup = -1;

  // Whether `warmup` was -1 before it was known. This is no setting.
  bool warmup_is_default = false;

  bool operator==(const ScheduleOptions& other) const {
    return epochs == other.epochs && max_steps == other.max_steps && warmup == other.warmup;
  }
};

// The longest warm-up that no configuration asks for, in steps.
constexpr int64_t kLongestDefaultWarmup = 10000;

// The warm-up of a training of `total_steps` whose configuration says -1.
inline int64_t default_warmup(int64_t total_steps) {
  return std::min(kLongestDefaultWarmup, total_steps / 10);
}

}  // namespace dermatome
