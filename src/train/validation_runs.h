// The validations of a run: when one is due, and what becomes of its scores, which rank 0 computes
// on another thread while the training goes on. At most one validation's scores are under way.
#pragma once

#include <c10/core/Device.h>

#include <chrono>
#include <cstdint>
#include <future>

#include "src/distributed/collectives.h"
#include "src/run/run_log.h"
#include "src/train/run_length.h"
#include "src/train/validation.h"

namespace dermatome {

struct ValidationOptions;

class ValidationRuns {
 public:
  // `log`: rank 0's, null on the others. The other arguments must outlive the object.
  ValidationRuns(const ValidationOptions& options, const RunLength& length, Validation& validation,
                 RunLog* log, Collectives& collectives, c10::Device device);

  // Whether the model of `step`, of all but that before the first step, is to be validated.
  bool due(int64_t step) const;
  // Whether the model before step `step` + 1, which the run starts with, is to be validated: not
  // where the log has it already. (A run that was interrupted while the scores of its last
  // checkpoint were computed has lost them.) A collective call.
  bool due_at_start(int64_t step);
  // Validates the model as it is. Waits for the scores under way first. A collective call.
  void run(int64_t step);
  // Logs the scores under way if they are there within `patience`.
  void collect(std::chrono::seconds patience = std::chrono::seconds(0));
  // Logs them when they are there; all ranks wait. A collective call.
  void finish();
  // Logs them when they are there, after the last collective: the process lasts as long anyway, but
  // a launcher may end it.
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
