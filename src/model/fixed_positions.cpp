#include "src/model/fixed_positions.h"

#include <ATen/ATen.h>

#include <cmath>

namespace dermatome {

at::Tensor fixed_positions(const VisionConfig& config) {
  const int64_t grid = config.image_size / config.patch_size, width = config.width;
  const int64_t quarter = width / 4;
  at::Tensor positions = at::zeros({1 + grid * grid, width}, at::TensorOptions(at::kFloat));
  float* out = positions.mutable_data_ptr<float>() + width;  // behind the class token
  for (int64_t patch = 0; patch < grid * grid; ++patch, out += width) {
    const auto row = static_cast<double>(patch / grid), column = static_cast<double>(patch % grid);
    const bool rows_first = config.positions == ImagePositions::kFixedRowsFirst;
    const double a = rows_first ? row : column, b = rows_first ? column : row;
    for (int64_t k = 0; k < quarter; ++k) {
      const double frequency =
          std::pow(10000.0, -static_cast<double>(k) / static_cast<double>(quarter));
      out[k] = static_cast<float>(std::sin(a * frequency));
      out[quarter + k] = static_cast<float>(std::cos(a * frequency));
      out[2 * quarter + k] = static_cast<float>(std::sin(b * frequency));
      out[3 * quarter + k] = static_cast<float>(std::cos(b * frequency));
    }
  }
  return positions;
}

}  // namespace dermatome
