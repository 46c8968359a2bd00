// The section `schedule`: the length of a training and its learning rate.
// Field names are YAML keys; src/config/train_config.h reads them.
#pragma once

#include <cstdint>

namespace dermatome {

struct ScheduleOptions {
  int64_t epochs = 32;
  int64_t max_steps = 0;   // the run and the cosine end there; 0: `epochs` decides
  int64_t warmup = 10000;  // steps of linear warm-up

  bool operator==(const ScheduleOptions&) const = default;
};

}  // namespace dermatome
