// SLRA's pooled vector: a sample's raw caption selects the patches it talks about (OBJECTIVE.md,
// "Local alignment"). Pure functions.
#pragma once

#include <ATen/core/Tensor.h>

namespace dermatome {

struct ObjectiveOptions;

// u_i / ||u_i||: the cosines of a sample's patches with the text that selects them, 0 where below
// sigma, L2-normalized over patches. Differentiable in patches and text. Computed outside autocast
// in float32, in float64 for float64 input.
//   patches [B, P, d]; text [U, d]; selector [B] int64: row of `text` for each sample, -1 for none,
//   which gives 0. All on one device. Returns [B, P].
at::Tensor patch_weights(const at::Tensor& patches, const at::Tensor& text,
                         const at::Tensor& selector, const ObjectiveOptions& options);

// e_i: a sample's patches, weighted by patch_weights() and summed. The arguments are those of
// patch_weights(). Returns [B, d].
at::Tensor attend_patches(const at::Tensor& patches, const at::Tensor& text,
                          const at::Tensor& selector, const ObjectiveOptions& options);

// Which row of `text` selects sample i's patches: [B] int64, -1 for none. It is the sample's raw
// caption, or in `released` mode caption i % N of sample i / N, as the released code indexes.
//   caption [B, N] int64: row of `text` or -1; mask [B, N] bool.
at::Tensor selector_rows(const at::Tensor& caption, const at::Tensor& mask,
                         const ObjectiveOptions& options);

}  // namespace dermatome
