// Looks up rows that stand at several positions.
#pragma once

#include <ATen/core/Tensor.h>

namespace dermatome {

// rows[index], [P, W], of rows [M, W] and index [P] int64. As index_select, except that the
// gradient of a row is summed over its positions in float32, also for bf16 rows: for a row with
// which every text begins there are thousands of terms, too many for bf16's eight bits.
// Differentiable once.
at::Tensor look_up_rows(const at::Tensor& rows, const at::Tensor& index);

}  // namespace dermatome
