#include "src/train/run_length.h"

#include "src/config/train_options.h"
#include "src/data/sample_order.h"

namespace dermatome {

bool RunLength::is_due(int64_t step, int64_t every_epochs, int64_t every_steps) const {
  const bool by_epoch = every_epochs > 0 && step % (every_epochs * steps_per_epoch) == 0;
  const bool by_step = every_steps > 0 && step % every_steps == 0;
  return by_epoch || by_step;
}

RunLength run_length(const TrainOptions& options, int64_t num_samples) {
  RunLength length;
  length.steps_per_epoch = samples_per_epoch(options.data, num_samples) / options.batch_size;
  length.total_steps = options.schedule.max_steps > 0
                           ? options.schedule.max_steps
                           : options.schedule.epochs * length.steps_per_epoch;
  return length;
}

TrainOptions resolved_options(TrainOptions options, const RunLength& length) {
  if (options.schedule.warmup < 0) {
    options.schedule.warmup = default_warmup(length.total_steps);
    options.schedule.warmup_is_default = true;
  }
  return options;
}

}  // namespace dermatome
