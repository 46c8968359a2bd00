// Rows that stand at several positions.
#pragma once

#include <ATen/core/Tensor.h>

namespace dermatome {

// rows[index]: rows [M, W], index [P] int64, to [P, W]. As index_select, but the gradient of a row
// is summed over its positions in float32, also for rows of bf16: one that every text begins with
// has thousands of terms, which would drown in bf16's eight bits. Differentiable once.
at::Tensor look_up_rows(const at::Tensor& rows, const at::Tensor& index);

}  // namespace dermatome
