// What a model makes of a benchmark's images and texts.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace dermatome {

struct BenchmarkFeatures {
  at::Tensor images;                // [images, d]
  at::Tensor texts;                 // [texts, d], in the order of BenchmarkKind::texts()
  std::vector<uint32_t> checksums;  // [images]: CRC-32C of each file
};

}  // namespace dermatome
