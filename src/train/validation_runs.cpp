#include "src/train/validation_runs.h"

#include <ATen/ATen.h>

#include <utility>

#include "src/config/validation_options.h"
#include "src/core/log.h"
#include "src/core/text.h"
#include "src/distributed/wait_together.h"

namespace dermatome {

using std::chrono::seconds;

ValidationRuns::ValidationRuns(const ValidationOptions& options, const RunLength& length,
                               Validation& validation, RunLog* log, Collectives& collectives,
                               c10::Device device)
    : options_(options),
      length_(length),
      validation_(validation),
      log_(log),
      collectives_(collectives),
      device_(device) {}

bool ValidationRuns::due(int64_t step) const {
  if (step == 0) return options_.at_start;
  const bool ever = options_.every_epochs > 0 || options_.every_steps > 0;
  return length_.is_due(step, options_.every_epochs, options_.every_steps) ||
         (step == length_.total_steps && ever);
}

bool ValidationRuns::due_at_start(int64_t step) {
  if (!due(step)) return false;
  const at::Tensor is_logged = at::zeros({1}, at::TensorOptions(device_).dtype(at::kLong));
  if (log_ != nullptr) is_logged.fill_(log_->has_validation(step) ? 1 : 0);
  collectives_.broadcast(is_logged, 0, "whether the step is validated");
  return is_logged.item<int64_t>() == 0;
}

void ValidationRuns::run(int64_t step) {
  finish();
  auto scores = validation_.run();
  if (scores) pending_ = {std::move(*scores), step};
}

void ValidationRuns::collect(seconds patience) {
  if (!pending_.scores.valid()) return;
  if (pending_.scores.wait_for(patience) != std::future_status::ready) return;
  const ValidationResult result = pending_.scores.get();
  log_->validation(pending_.step, pending_.step / length_.steps_per_epoch, result.scores,
                   result.benchmarks, result.seconds);
}

void ValidationRuns::finish() {
  wait_together(
      collectives_, device_,
      [this] {
        const auto& scores = pending_.scores;
        return !scores.valid() || scores.wait_for(seconds(1)) == std::future_status::ready;
      },
      "scores of a validation");
  collect();
}

void ValidationRuns::finish_late() {
  if (!pending_.scores.valid()) return;
  log_warning(text("the scores of step ", pending_.step,
                   " are still being computed; if this process is killed before they are ready, "
                   "they are lost; then use `dermatome evaluate` if the step has a checkpoint"));
  pending_.scores.wait();
  collect();
}

}  // namespace dermatome
