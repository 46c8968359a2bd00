// CLIP's text tower (open_clip's TextTransformer): a causal transformer that is read at
// end-of-text.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "src/model/clip_config.h"
#include "src/model/parameter_list.h"
#include "src/model/transformer.h"

namespace dermatome {

class TextTower {
 public:
  // Adds its parameters to `list`.
  TextTower(ParameterList& list, const ClipConfig& config);

  // tokens [U, L], lengths [U], int64 on the CPU, U > 0, 1 <= length <= L. Returns [U, d] in the
  // order given, not normalized. Tokens are encoded packed, without padding, and a beginning that
  // several texts share is encoded once (src/model/packed_texts.h).
  at::Tensor forward(const at::Tensor& tokens, const at::Tensor& lengths,
                     int64_t checkpointed) const;

  TowerLayers layers() const;

 private:
  // W: width.
  at::Tensor positional_embedding_;  // [context length, W]
  at::Tensor text_projection_;       // [W, d]
  Transformer transformer_;
  at::Tensor token_embedding_weight_;  // [vocabulary, W]
  at::Tensor ln_final_weight_, ln_final_bias_;
};

}  // namespace dermatome
