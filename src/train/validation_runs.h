// The validations of a run: when one is due, and what becomes of its scores, which rank 0 computes
// on another thread while the training goes on. At most one validation's scores are being computed.
#pragma once

#include <c10/core/Device.h>

#include <chrono>
#include <cstdint>
#include <future>

#include "src/distributed/collectives.h"
#include "src/run/run_log.h"
#include "src/train/run_length.h"
#include "src/train/validation.h"
#include "src/train/validation_result.h"

namespace dermatome {

struct ValidationOptions;

class ValidationRuns {
 public:
  // `log`: rank 0's, null on the others. The other arguments must outlive the object.
  ValidationRuns(const ValidationOptions& options, const RunLength& length, Validation& validation,
                 RunLog* log, Collectives& collectives, c10::Device device);

  // Whether the model after `step` steps (0: before the first one) must be validated.
  bool due(int64_t step) const;
  // Whether the model that the run starts with, after `step` steps, must be validated: not if the
  // log has its scores. (A run that was interrupted while the scores of its last checkpoint were
  // computed has lost them.) A collective call.
  bool due_at_start(int64_t step);
  // Validates the model as it is. Waits for the pending scores first. A collective call.
  void run(int64_t step);
  // Logs the pending scores if they are ready within `patience`.
  void collect(std::chrono::seconds patience = std::chrono::seconds(0));
  // Logs the pending scores when they are ready; all ranks wait. A collective call.
  void finish();
  // Logs the pending scores when they are ready, after the last collective: the process lasts until
  // then anyway, but a launcher may end it.
  void finish_late();

 private:
  const ValidationOptions& options_;
  const RunLength& length_;
  Validation& validation_;
  RunLog* log_;
  Collectives& collectives_;
  c10::Device device_;
  // Rank 0 only.
  struct {
    std::future<ValidationResult> scores;
    int64_t step = 0;
  } pending_;
};

}  // namespace dermatome
