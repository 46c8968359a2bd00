// A stack of residual blocks.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "src/model/parameter_list.h"
#include "src/model/residual_block.h"

namespace dermatome {

// A tower's parameters, layer by layer in the order of their use: the embeddings with the norm
// behind them, each block, and the final norm with the projection.
using TowerLayers = std::vector<std::vector<at::Tensor>>;

inline constexpr int64_t kAllBlocks = -1;

// How many of a tower's `layers` blocks are checkpointed when a setting asks for `checkpointed`.
constexpr int64_t num_checkpointed(int64_t checkpointed, int64_t layers) {
  return checkpointed == kAllBlocks || checkpointed > layers ? layers : checkpointed;
}

struct TransformerSize {
  int64_t layers = 0;
  int64_t width = 0;
  int64_t mlp_width = 0;  // of the MLPs' hidden layer
};

class Transformer {
 public:
  // Adds the parameters of `layers` blocks to `list`, those of block i named PREFIXi.NAME.
  Transformer(ParameterList& list, const std::string& prefix, const BlockNames& names,
              const TransformerSize& size, const BlockOptions& options);

  // Takes x [M, W]; returns the rows `wanted` of the last block's output. The first `checkpointed`
  // blocks (kAllBlocks: all) are computed again in backward.
  at::Tensor forward(at::Tensor x, const AttentionLayoutPtr& layout, BlockRows wanted,
                     int64_t checkpointed) const;

  // Appends a layer for each block.
  void append_layers(TowerLayers& layers) const;

 private:
  BlockOptions options_;
  std::vector<BlockParameters> blocks_;
};

}  // namespace dermatome
