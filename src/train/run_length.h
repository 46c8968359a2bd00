// How long a run is, and what is due at which of its steps.
#pragma once

#include <cstdint>

namespace dermatome {

struct TrainOptions;

struct RunLength {
  int64_t steps_per_epoch = 0;
  int64_t total_steps = 0;

  // Whether something that is done every so many epochs or steps, 0 for neither, is due after
  // `step` steps.
  bool is_due(int64_t step, int64_t every_epochs, int64_t every_steps) const;
};

// The length over a data set of `num_samples`.
RunLength run_length(const TrainOptions& options, int64_t num_samples);

}  // namespace dermatome
