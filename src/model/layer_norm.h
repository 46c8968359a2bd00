// Layer normalization that keeps the type of the residual stream.
#pragma once

#include <ATen/ops/layer_norm.h>

namespace dermatome {

// Over the last dimension of x [..., width]. `eps` is 1e-5 in CLIP's own towers. The result has x's
// dtype, also where autocast computes in fp32, so that the residual stream keeps its dtype (bf16 in
// the image tower under autocast) on every device.
inline at::Tensor layer_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                             double eps = 1e-5) {
  return at::layer_norm(x, weight.sizes(), weight, bias, eps).to(x.scalar_type());
}

}  // namespace dermatome
