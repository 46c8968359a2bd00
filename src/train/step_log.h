// What the log says of training steps: their values, and how long they took since the last time.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

#include "src/core/clock.h"
#include "src/core/progress.h"
#include "src/model/clip.h"
#include "src/objective/objective.h"
#include "src/run/run_log.h"
#include "src/train/run_length.h"

namespace dermatome {

class StepLog {
 public:
  // `log`: rank 0's, null on the others. Arguments must outlive the object.
  StepLog(const RunLength& length, int64_t global_batch, const Clip& model, RunLog* log);

  // Shows from now on how far the steps are, of which `steps_done` are done.
  void begin(int64_t steps_done);
  // Takes note of a step that waited `data_seconds` for its batch.
  void add(double data_seconds);
  // Logs step `step`, and the mean time of a step since the start, the last report() or the last
  // restart(). Waits for the device. gradient_norm: 0-dim.
  void report(int64_t step, const ObjectiveResult& result, const at::Tensor& gradient_norm,
              double lr);
  // Measures anew from now on, because something else than steps was done.
  void restart() { since_ = {}; }

 private:
  const RunLength& length_;
  int64_t global_batch_;
  const Clip& model_;
  RunLog* log_;
  std::optional<Progress> progress_;  // rank 0 only
  struct {
    Clock::time_point start = Clock::now();
    double data_seconds = 0;
    int64_t steps = 0;
  } since_;
};

}  // namespace dermatome
