// Plain areas and pictures put onto a picture, in pixels; what lies outside it is left out.
#pragma once

#include <cstdint>

#include "src/image/image.h"
#include "src/image/resize.h"

namespace dermatome {

struct Color {
  uint8_t red = 0;
  uint8_t green = 0;
  uint8_t blue = 0;
};

inline constexpr Color kWhite = {255, 255, 255};

void fill(const Box& box, Color color, Image& target);

// `image` with its upper left corner at (left, top).
void paste(const Image& image, int left, int top, Image& target);

// Lets `color` cover pixel (left, top) by the share coverage / 255.
void blend(int left, int top, Color color, uint8_t coverage, Image& target);

}  // namespace dermatome
