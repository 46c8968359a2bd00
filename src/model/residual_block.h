// The transformer block of all towers: self-attention and an MLP of one hidden layer, each added to
// its input. With default options and open_clip_block() it is open_clip's ResidualAttentionBlock.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <string>

#include "src/model/activation.h"
#include "src/model/attention_layout.h"
#include "src/model/block_names.h"
#include "src/model/parameter_list.h"

namespace dermatome {

// Where a block normalizes.
enum class NormPlace {
  kBefore,  // the input of attention and of the MLP (CLIP, timm, PanDerm)
  kAfter,   // each sum (BERT)
};

struct BlockOptions {
  int64_t heads = 1;
  Activation activation = Activation::kGelu;
  NormPlace norm = NormPlace::kBefore;
  double norm_eps = 1e-5;
};

// Which rows of a block's output are wanted.
enum class BlockRows {
  kAll,
  kRead,  // only layout.read: all that the last block of a tower has to compute
};

// A block's parameters; undefined where the block's family has none. The biases of query, key and
// value are zero where they are undefined.
using BlockParameters = std::array<at::Tensor, kNumBlockParameters>;

// Adds the parameters that `names` lists to `list`, their names behind `prefix`.
BlockParameters add_block(ParameterList& list, const std::string& prefix, const BlockNames& names,
                          int64_t width, int64_t mlp_width);

// Takes x [M, W]; returns [M, W], or [layout.read.size(0), W] for kRead.
at::Tensor residual_block(const at::Tensor& x, const BlockParameters& parameters,
                          const BlockOptions& options, const AttentionLayout& layout,
                          BlockRows wanted);

}  // namespace dermatome
