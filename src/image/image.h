// RGB images in host memory.
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

// An image of `count` pixels as three planes in memory that the caller owns: the layout that models
// take ([3, height, width]) and vectors work on.
struct Planes {
  uint8_t* red = nullptr;
  uint8_t* green = nullptr;
  uint8_t* blue = nullptr;
  size_t count = 0;
};

// Planes that follow each other from `first` on.
inline Planes planes_at(uint8_t* first, size_t count) {
  return {first, first + count, first + 2 * count, count};
}

// Separates interleaved pixels, as many as `planes` has, into planes.
void to_planes(const uint8_t* pixels, const Planes& planes);
void to_planes(const Image& image, const Planes& planes);

}  // namespace dermatome
