// The section `optimizer`: AdamW.
// Field names are YAML keys; src/config/train_config.h reads them, and `dermatome config` prints
// the comment above each field.
#pragma once

#include <optional>

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
  // The highest learning rate of the image tower; null: optimizer.lr. The schedule multiplies the
  // rates of both towers and of the logit scale, which has optimizer.lr, by the same numbers.
  std::optional<double> image_lr = std::nullopt;
  // The same for the text tower.
  std::optional<double> text_lr = std::nullopt;
  // The weight decay of the image tower; null: optimizer.weight_decay.
  std::optional<double> image_weight_decay = std::nullopt;
  // The same for the text tower.
  std::optional<double> text_weight_decay = std::nullopt;
  // The factor between the learning rates of a layer and of the layer above it, in each tower. The
  // final norm and the projection have the tower's rate, the last block has it times this factor,
  // and so on down to the embeddings; 1: all layers have the same rate.
  double layer_decay = 1;

  bool operator==(const OptimizerOptions&) const = default;
};

}  // namespace dermatome
