// SLRA's pooled vector: a sample's raw caption selects the patches it talks about (OBJECTIVE.md,
// "Local alignment"). Pure functions.
#pragma once

#include <ATen/core/Tensor.h>

#include "src/config/options.h"

namespace dermatome {

// e_i: a sample's patches, weighted by their cosine with its raw caption (those below sigma
// dropped, weights L2-normalised over patches), summed. Differentiable in both arguments. Computed
// outside autocast in float32, in float64 for float64 input.
//   patches [B, P, d], raw [B, d], has_raw [B] bool: rows without a raw caption give 0.
//   Returns [B, d].
at::Tensor attend_patches(const at::Tensor& patches, const at::Tensor& raw,
                          const at::Tensor& has_raw, const ObjectiveOptions& options);

// Which row of `text` selects sample i's patches: [B] int64, -1 for none. Its own raw caption; in
// `released` mode caption i % N of sample i / N, as the released code indexes.
//   caption [B, N] int64: row of `text` or -1; mask [B, N] bool.
at::Tensor selector_rows(const at::Tensor& caption, const at::Tensor& mask,
                         const ObjectiveOptions& options);

}  // namespace dermatome
