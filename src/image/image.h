// An RGB picture in host memory, and what can be done to it without LibTorch: decode, encode,
// resize.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace dermatome {

// 8-bit RGB, interleaved: pixel (y, x) starts at (y * width + x) * 3.
struct Image {
  int height = 0;
  int width = 0;
  std::vector<uint8_t> pixels;  // [height, width, 3]
};

}  // namespace dermatome
