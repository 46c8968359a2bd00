// Watches for steps whose loss or gradient is not finite. The device notices them, and the host
// reports them when the run logs, so the host does not wait in between. Such a step is never
// applied (AdamW::step()).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "src/config/optimizer_options.h"
#include "src/data/batch.h"
#include "src/distributed/collectives.h"
#include "src/train/train_step.h"

namespace dermatome {

class FiniteWatch {
 public:
  // `collectives` must outlive the watch.
  FiniteWatch(NonFinite policy, Collectives& collectives);

  // Takes note of step `step`; `gradient_norm` (0-dim) is the norm of all its reduced gradients.
  // Returns what AdamW::step() takes: 1 if the step must not be applied, else 0; float, 0-dim, the
  // same on every rank. With NonFinite::kFail every later step is not applied either.
  at::Tensor check(int64_t step, const StepResult& result, const at::Tensor& gradient_norm,
                   const Batch& batch);

  // Judges the steps since the last call; waits for the device. Warns of every bad step. Throws
  // DataError for the first one instead if the policy is to fail, or if ten steps in a row were
  // bad, also over several calls. The message names the ranks and samples with embeddings that are
  // not finite, or the ranks' batches if all embeddings are finite. A collective call if a step was
  // bad.
  void report();

 private:
  struct Seen {
    int64_t step;
    at::Tensor bad;             // float, 0-dim
    at::Tensor finite_samples;  // [B] bool
    std::vector<int64_t> sample_ids;
  };
  std::string describe(const Seen& seen);

  NonFinite policy_;
  Collectives& collectives_;
  at::Tensor failed_;  // float, 0-dim: a step was bad, and the policy is to fail
  std::vector<Seen> seen_;
  int64_t bad_in_a_row_ = 0;  // up to the last report
};

// Throws DataError if one of the model's weights at `step` is not finite: a checkpoint with them
// would be of no use.
void check_finite_weights(const Clip& model, int64_t step);

}  // namespace dermatome
