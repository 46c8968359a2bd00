// The section `optimizer`: AdamW.
// Field names are YAML keys; src/config/train_config.h reads them.
#pragma once

namespace dermatome {

// What a step whose loss or gradient is not finite does, which is never applied: end the run, or
// only be reported.
enum class NonFinite { kFail, kSkip };

struct OptimizerOptions {
  double lr = 5e-4;  // peak learning rate
  double beta1 = 0.9;
  double beta2 = 0.98;
  double eps = 1e-6;
  // On matrices only: not on gains, biases, class embedding, logit scale.
  double weight_decay = 0.2;
  double clip_norm = 0;                     // global gradient norm; 0: no clipping
  NonFinite non_finite = NonFinite::kFail;  // fail | skip

  bool operator==(const OptimizerOptions&) const = default;
};

}  // namespace dermatome
