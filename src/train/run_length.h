// How long a run is, and what is due at which of its steps.
#pragma once

#include <cstdint>

namespace dermatome {

struct TrainOptions;

struct RunLength {
  int64_t steps_per_epoch = 0;
  int64_t total_steps = 0;

  // Whether something is due after `step` steps that is done every `every_epochs` epochs (0: not by
  // epochs) and every `every_steps` steps (0: not by steps).
  bool is_due(int64_t step, int64_t every_epochs, int64_t every_steps) const;
};

// The options of a run of this length: a warm-up that is not set (-1) depends on it.
TrainOptions resolved_options(TrainOptions options, const RunLength& length);

// The length of a run over a data set of `num_samples` samples.
RunLength run_length(const TrainOptions& options, int64_t num_samples);

}  // namespace dermatome
