// The transformer block's MLP of one hidden layer.
#pragma once

#include <ATen/core/Tensor.h>

#include "src/model/activation.h"

namespace dermatome {

// A block's part of its parameters. W: width, M: width of the hidden layer.
struct MlpParameters {
  at::Tensor fc_weight;    // [M, W]
  at::Tensor fc_bias;      // [M]
  at::Tensor proj_weight;  // [W, M]
  at::Tensor proj_bias;    // [W]
};

// proj(activation(fc(x))), x [n, W] to [n, W]. The backward pass computes the activation again from
// x and fc's output, which alone are kept: one tensor of the size of fc's output, where autograd
// would keep three for the sigmoid form. Under autocast it computes in autocast's type, as
// at::linear does.
at::Tensor mlp(const at::Tensor& x, const MlpParameters& parameters, Activation activation);

}  // namespace dermatome
