// NumPy's file format for one array (NPY 1.0): a magic number, the length of a header, the header
// (type, order and shape as a Python dictionary), the numbers.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>

namespace dermatome {

// Writes `tensor` (any device; made contiguous), float32, little endian, row-major. Throws
// DataError when the file cannot be written; then `path` is as it was.
void write_npy(const std::filesystem::path& path, const at::Tensor& tensor);

}  // namespace dermatome
