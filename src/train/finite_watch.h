// Steps whose loss or gradient is not finite: noticed on the device, reported when the run logs, so
// that the host waits for nothing in between. Such a step is never applied (AdamW::step()).
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

  // Takes note of step `step`, of which `gradient_norm` (0-dim) is over all reduced gradients.
  // Returns what AdamW::step() takes: 1 if the step must not be applied, else 0; float, 0-dim, the
  // same on every rank. With NonFinite::kFail every later step is not applied either.
  at::Tensor check(int64_t step, const StepResult& result, const at::Tensor& gradient_norm,
                   const Batch& batch);

  // Judges the steps since the last call; waits for the device. Throws DataError naming the first
  // bad step, the ranks and samples with embeddings that are not finite (with finite embeddings
  // everywhere, the ranks' batches), if the policy is to fail, or if ten steps in a row were
  // bad, however many calls apart; else warns of every bad step. A collective call for each.
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

}  // namespace dermatome
