// The text tower of a model: from tokens to one row of features for each text.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "src/model/clip_config.h"
#include "src/model/packed_texts.h"
#include "src/model/parameter_list.h"
#include "src/model/transformer.h"

namespace dermatome {

// What a tower computes and keeps, beside what the number of rows and positions says: for plans.
struct TextTowerShape {
  TransformerSize blocks;
  NormPlace norm = NormPlace::kBefore;
  bool reads_all_rows = false;    // the last block computes all rows, not one for each text
  int64_t products_per_text = 0;  // multiplications and additions for each text behind the blocks
};

class TextTower {
 public:
  virtual ~TextTower() = default;

  // tokens [U, L], lengths [U], int64 on the CPU, U > 0, 1 <= length <= L. Returns [U, d] in the
  // order given, not normalized. The features of a text do not depend on the others. The first
  // `checkpointed` blocks (kAllBlocks: all) are computed again in backward.
  virtual at::Tensor forward(const at::Tensor& tokens, const at::Tensor& lengths,
                             int64_t checkpointed) const = 0;

  // How forward() lays the texts out, with the same arguments.
  virtual PackedTexts pack(const at::Tensor& tokens, const at::Tensor& lengths,
                           c10::Device device) const = 0;

  virtual TowerLayers layers() const = 0;

  virtual TextTowerShape shape() const = 0;

  // What training does otherwise than the peers', in a sentence for the log; empty: nothing.
  virtual std::string training_note() const { return {}; }
};

// The tower that `config` describes. Adds its parameters to `list`.
std::unique_ptr<const TextTower> make_text_tower(ParameterList& list, const ClipConfig& config);

}  // namespace dermatome
