// The transformer block of both towers (open_clip's ResidualAttentionBlock): pre-norm
// self-attention and an MLP of one hidden layer, each added to its input.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "src/model/attention_layout.h"
#include "src/model/parameter_list.h"

namespace dermatome {

struct BlockOptions {
  int64_t heads = 1;
  bool quick_gelu = false;  // x sigmoid(1.702 x) instead of GELU
};

// Which rows of a block's output are wanted.
enum class BlockRows {
  kAll,
  kRead,  // only layout.read: all that the last block of a tower has to compute
};

// A block's parameters in state_dict order. W: width, M: width of the hidden layer.
enum BlockParameter : size_t {
  kLn1Weight,      // [W]
  kLn1Bias,        // [W]
  kInProjWeight,   // [3W, W], rows: query, key, value
  kInProjBias,     // [3W]
  kOutProjWeight,  // [W, W]
  kOutProjBias,    // [W]
  kLn2Weight,      // [W]
  kLn2Bias,        // [W]
  kFcWeight,       // [M, W]
  kFcBias,         // [M]
  kProjWeight,     // [W, M]
  kProjBias,       // [W]
  kNumBlockParameters,
};
using BlockParameters = std::array<at::Tensor, kNumBlockParameters>;

// Adds a block's parameters to `list`, their names behind `prefix`.
BlockParameters add_block(ParameterList& list, const std::string& prefix, int64_t width,
                          int64_t mlp_width);

// Takes x [M, W]; returns [M, W], or [layout.read.size(0), W] for kRead.
at::Tensor residual_block(const at::Tensor& x, const BlockParameters& parameters,
                          const BlockOptions& options, const AttentionLayout& layout,
                          BlockRows wanted);

}  // namespace dermatome
