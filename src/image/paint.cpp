#include "src/image/paint.h"

#include <algorithm>
#include <cstddef>

namespace dermatome {
namespace {

uint8_t* pixel_at(Image& image, int left, int top) {
  return image.pixels.data() + (static_cast<size_t>(top) * image.width + left) * 3;
}

}  // namespace

void fill(const Box& box, Color color, Image& target) {
  const int right = std::min(box.left + box.width, target.width);
  const int bottom = std::min(box.top + box.height, target.height);
  for (int y = std::max(box.top, 0); y < bottom; ++y) {
    for (int x = std::max(box.left, 0); x < right; ++x) {
      uint8_t* pixel = pixel_at(target, x, y);
      pixel[0] = color.red;
      pixel[1] = color.green;
      pixel[2] = color.blue;
    }
  }
}

void paste(const Image& image, int left, int top, Image& target) {
  const int first = std::max(left, 0);
  const int right = std::min(left + image.width, target.width);
  const int bottom = std::min(top + image.height, target.height);
  if (first >= right) return;
  for (int y = std::max(top, 0); y < bottom; ++y) {
    const size_t start = (static_cast<size_t>(y - top) * image.width + (first - left)) * 3;
    std::copy_n(image.pixels.data() + start, static_cast<size_t>(right - first) * 3,
                pixel_at(target, first, y));
  }
}

void blend(int left, int top, Color color, uint8_t coverage, Image& target) {
  if (left < 0 || top < 0 || left >= target.width || top >= target.height) return;
  uint8_t* pixel = pixel_at(target, left, top);
  const auto mix = [coverage](uint8_t below, uint8_t above) {
    return static_cast<uint8_t>((below * (255 - coverage) + above * coverage + 127) / 255);
  };
  pixel[0] = mix(pixel[0], color.red);
  pixel[1] = mix(pixel[1], color.green);
  pixel[2] = mix(pixel[2], color.blue);
}

}  // namespace dermatome
