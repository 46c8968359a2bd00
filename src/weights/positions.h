// Learned positional embeddings for other numbers of positions, as open_clip computes them.
#pragma once

#include <ATen/core/Tensor.h>

namespace dermatome {

// positions [1 + g * g, width], or [1, 1 + g * g, width], of the class token and a square of
// patches, row by row. Returns them for grid * grid patches, fp32: the patches' interpolated
// (bicubic, with antialiasing), the class token's unchanged. Undefined when the patches are not a
// square.
at::Tensor resize_image_positions(const at::Tensor& positions, int64_t grid);

// positions [n, width]. Returns [length, width], fp32, interpolated linearly.
at::Tensor resize_text_positions(const at::Tensor& positions, int64_t length);

}  // namespace dermatome
