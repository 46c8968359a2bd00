// MAKE's objective in the plainest form: the definitions over the whole batch of one process, one
// row of logits per caption, no text shared between captions, gradients by autograd. Tests compare
// src/objective with it, and compare it with golden data.
#pragma once

#include <ATen/core/Tensor.h>

namespace dermatome {

struct ObjectiveOptions;

// All differentiable with respect to the arguments, except `weights`.
struct PlainObjective {
  at::Tensor total, mkcl, slra, i2t, t2i;  // 0-dim
  at::Tensor weights;                      // [B, N], 0 where the mask is 0
  at::Tensor local;                        // [B, d]; zeros without local alignment
};

// image [B, d]; text [B*N, d], row i * N + k is caption k of sample i; patches [B, P, d];
// mask [B, N], 0 or 1, of any dtype; scale []: what cosines are multiplied by.
PlainObjective plain_objective(const at::Tensor& image, const at::Tensor& text,
                               const at::Tensor& patches, const at::Tensor& mask,
                               const at::Tensor& scale, const ObjectiveOptions& options);

}  // namespace dermatome
