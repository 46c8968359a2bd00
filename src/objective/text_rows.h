// Between captions and the texts that they share (OBJECTIVE.md, "Captions and texts"). Pure
// functions of one rank's tensors.
//
// Captions [B, N] map to texts [U]: caption[i, k] is the row of the text, -1 where there is none.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace dermatome {

// Each caption's row of `values` [U, ...]: [B, N, ...], zeros for -1.
at::Tensor gather_captions(const at::Tensor& values, const at::Tensor& caption);

// The transpose: for every text the sum of `values` [B, N, ...] of its captions: [num_texts, ...].
at::Tensor sum_by_text(const at::Tensor& values, const at::Tensor& caption, int64_t num_texts);

}  // namespace dermatome
