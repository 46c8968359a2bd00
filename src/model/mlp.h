// The transformer block's MLP of one hidden layer.
#pragma once

#include <ATen/core/Tensor.h>

namespace dermatome {

// A block's part of its parameters. W: width, M: width of the hidden layer.
struct MlpParameters {
  at::Tensor fc_weight;    // [M, W]
  at::Tensor fc_bias;      // [M]
  at::Tensor proj_weight;  // [W, M]
  at::Tensor proj_bias;    // [W]
};

// proj(activation(fc(x))), x [n, W] to [n, W], the activation GELU or x sigmoid(1.702 x). Keeps for
// its backward pass x and fc's output only, computing the activation again: autograd by itself
// keeps three tensors of fc's output's size for the sigmoid form, this one. Under autocast as
// at::linear: computed in autocast's type.
at::Tensor mlp(const at::Tensor& x, const MlpParameters& parameters, bool quick_gelu);

}  // namespace dermatome
