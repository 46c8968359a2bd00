#include "src/weights/positions.h"

#include <ATen/ATen.h>

#include <cmath>
#include <vector>

namespace dermatome {

at::Tensor resize_image_positions(const at::Tensor& positions, int64_t grid) {
  const int64_t patches = positions.size(-2) - 1, width = positions.size(-1);
  if (patches < 1) return {};
  const auto side = static_cast<int64_t>(std::lround(std::sqrt(patches)));
  if (side * side != patches) return {};
  const at::Tensor all = positions.to(at::kFloat).reshape({1 + patches, width});
  const at::Tensor square = all.slice(0, 1).reshape({1, side, side, width}).permute({0, 3, 1, 2});
  const at::Tensor resized =
      at::_upsample_bicubic2d_aa(square, {grid, grid}, /*align_corners=*/false);
  std::vector<int64_t> shape = positions.sizes().vec();
  shape[shape.size() - 2] = 1 + grid * grid;
  return at::cat({all.slice(0, 0, 1), resized.permute({0, 2, 3, 1}).reshape({grid * grid, width})})
      .reshape(shape);
}

at::Tensor resize_text_positions(const at::Tensor& positions, int64_t length) {
  const at::Tensor line = positions.to(at::kFloat).t().unsqueeze(0);
  return at::upsample_linear1d(line, {length}, /*align_corners=*/false).squeeze(0).t();
}

}  // namespace dermatome
