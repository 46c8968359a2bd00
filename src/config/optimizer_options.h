// The section `optimizer`: AdamW.
// Field names are YAML keys; src/config/train_config.h reads them, and `dermatome config` prints
// the comment above each field.
#pragma once

namespace dermatome {

enum class NonFinite { kFail, kSkip };

struct OptimizerOptions {
  // The highest learning rate, which warm-up ends with.
  double lr = 5e-4;
  // AdamW's decay rate of the mean gradient.
  double beta1 = 0.9;
  // AdamW's decay rate of the mean squared gradient.
  double beta2 = 0.98;
  // AdamW's epsilon.
  double eps = 1e-6;
  // AdamW's weight decay. It applies to matrices only: not to gains, biases, class embedding and
  // logit scale.
  double weight_decay = 0.2;
  // The gradient's global norm is clipped to this; 0: no clipping.
  double clip_norm = 0;
  // What a step whose loss or gradient is not finite leads to. Such a step is never applied. fail:
  // the run ends; skip: the step is reported, and the run ends after ten such steps in a row.
  NonFinite non_finite = NonFinite::kFail;

  bool operator==(const OptimizerOptions&) const = default;
};

}  // namespace dermatome
