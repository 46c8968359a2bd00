// The lookup of tokens' rows, with a gradient as small as the batch.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/embedding.h>

namespace dermatome {

// weight[tokens], [M, W], of weight [vocabulary, W] and tokens [M] int64. A dense gradient of the
// lookup is as large as the vocabulary, and is allocated, cleared and added for the few rows that a
// batch uses. A sparse gradient is added row by row, on CUDA without the host waiting.
inline at::Tensor embed_tokens(const at::Tensor& weight, const at::Tensor& tokens) {
  return at::embedding(weight, tokens, /*padding_idx=*/-1, /*scale_grad_by_freq=*/false,
                       /*sparse=*/true);
}

}  // namespace dermatome
