// residual_block() with activation checkpointing: forward keeps only the block's input, backward
// computes the block again.
#pragma once

#include "src/model/residual_block.h"

namespace dermatome {

// Value and gradients of residual_block(). The parameters are inputs of the autograd function and
// get their gradients from it, so that hooks on parameters see one complete gradient.
at::Tensor checkpointed_block(const at::Tensor& x, const BlockParameters& parameters,
                              const BlockOptions& options, const AttentionLayoutPtr& layout,
                              BlockRows wanted);

}  // namespace dermatome
