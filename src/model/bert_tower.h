// BERT as a text tower, with the names and numerics of open_clip's HFTextEncoder around a BertModel
// of transformers: word, position and token-type embeddings, blocks that normalize behind each sum
// and attend both ways, a pooler, and a projection.
//
// A text's tokens are all that is encoded: its padding is not. There is no dropout. The BERT of
// transformers has it in training (0.1, as its config.json says), which makes its training there a
// random function of each batch; features without gradients are the same.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "src/model/text_tower.h"

namespace dermatome {

class BertTower : public TextTower {
 public:
  // Adds its parameters, names behind "text.", to `list`. config.text.bert has a value. Throws
  // ConfigError if there is no projection between different widths.
  BertTower(ParameterList& list, const ClipConfig& config);

  at::Tensor forward(const at::Tensor& tokens, const at::Tensor& lengths,
                     int64_t checkpointed) const override;
  PackedTexts pack(const at::Tensor& tokens, const at::Tensor& lengths,
                   c10::Device device) const override;
  TowerLayers layers() const override;
  TextTowerShape shape() const override;
  std::string training_note() const override;

 private:
  // The embeddings of all rows, normalized: [M, W].
  at::Tensor embed(const PackedTexts& texts) const;
  // [U, W] from what the last block gives.
  at::Tensor pool(const at::Tensor& rows, const PackedTexts& texts) const;
  at::Tensor project(const at::Tensor& pooled) const;

  BertConfig config_;
  TransformerSize size_;
  // In state_dict order, in which they are allocated. W: width, H: (W + d) / 2.
  at::Tensor word_embeddings_;        // [vocabulary, W]
  at::Tensor position_embeddings_;    // [positions, W]
  at::Tensor token_type_embeddings_;  // [token types, W]; all tokens are of the first type
  at::Tensor norm_weight_, norm_bias_;
  Transformer transformer_;
  at::Tensor pooler_weight_, pooler_bias_;  // [W, W], [W]; undefined where no pooler uses them
  std::vector<at::Tensor> projection_;      // [d, W]; or [H, W] and [d, H]; or none
};

}  // namespace dermatome
