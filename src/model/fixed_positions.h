// Embeddings of positions by sines and cosines.
#pragma once

#include <ATen/core/Tensor.h>

#include "src/model/vision_config.h"

namespace dermatome {

// [1 + P, W] fp32 on the CPU: zeros for the class token, then one row per patch, row by row of the
// image. With q = W / 4 and w_k = 10000^(-k / q), a row holds sin(a w_k), cos(a w_k), sin(b w_k),
// cos(b w_k), q numbers each, where a is the patch's row and b its column; with
// kFixedColumnsFirst (MAE: He et al., 2022; open_clip's sin_cos_2d) a is the column and b the row.
at::Tensor fixed_positions(const VisionConfig& config);

}  // namespace dermatome
