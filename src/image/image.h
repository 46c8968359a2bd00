// An RGB picture in host memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace dermatome {

// 8-bit RGB, interleaved: pixel (y, x) starts at (y * width + x) * 3.
struct Image {
  int height = 0;
  int width = 0;
  std::vector<uint8_t> pixels;  // [height, width, 3]
};

inline Image black_image(int height, int width) {
  return {height, width, std::vector<uint8_t>(static_cast<size_t>(height) * width * 3)};
}

}  // namespace dermatome
