// The section `optimizer`: AdamW.
// Field names are YAML keys; src/config/train_config.h reads them.
#pragma once

namespace dermatome {

// What a step whose loss or gradient is not finite leads to: the end of the run, or only a report.
// Such a step is never applied.
enum class NonFinite { kFail, kSkip };

struct OptimizerOptions {
  double lr = 5e-4;  // peak learning rate
  double beta1 = 0.9;
  double beta2 = 0.98;
  double eps = 1e-6;
  // Applied to matrices only, not to gains, biases, class embedding, logit scale.
  double weight_decay = 0.2;
  double clip_norm = 0;                     // global gradient norm; 0: no clipping
  NonFinite non_finite = NonFinite::kFail;  // fail | skip

  bool operator==(const OptimizerOptions&) const = default;
};

}  // namespace dermatome
