// CLIP's own text tower (open_clip's TextTransformer): a causal transformer that is read at
// end-of-text. Tokens are encoded packed, without padding, and a beginning that several texts share
// is encoded once (src/model/packed_texts.h).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "src/model/text_tower.h"

namespace dermatome {

class CausalTextTower : public TextTower {
 public:
  // Adds its parameters to `list`.
  CausalTextTower(ParameterList& list, const ClipConfig& config);

  at::Tensor forward(const at::Tensor& tokens, const at::Tensor& lengths,
                     int64_t checkpointed) const override;
  PackedTexts pack(const at::Tensor& tokens, const at::Tensor& lengths,
                   c10::Device device) const override;
  TowerLayers layers() const override;
  TextTowerShape shape() const override;

 private:
  // W: width.
  at::Tensor positional_embedding_;  // [context length, W]
  at::Tensor text_projection_;       // [W, d]
  TransformerSize size_;
  Transformer transformer_;
  at::Tensor token_embedding_weight_;  // [vocabulary, W]
  at::Tensor ln_final_weight_, ln_final_bias_;
};

}  // namespace dermatome
