// The weights of Pillow's antialiased resizing along one side of an image, in its fixed-point form.
// Code that multiplies with them and rounds as described here gets Pillow's pixels.
#pragma once

#include <cstdint>
#include <vector>

namespace dermatome {

enum class Interpolation { kBicubic, kBilinear };

// Weights are integers with this many fractional bits: 32 minus 8 for the pixel and 2 for sums
// above 1. A pixel is its weighted sum plus a half, without its fractional bits, clipped to
// 0..255.
inline constexpr int kFractionBits = 22;

// For every output place: the first input place it draws from and the weights from there on.
struct Taps {
  struct Window {
    int first = 0;
    int count = 0;
  };
  std::vector<Window> windows;   // [output]
  std::vector<int32_t> weights;  // [output, max_count], 0 behind a window's count
  int max_count = 0;
};

// From `input` places to `output`, both at least 1, into memory that is used again. If both are
// equal, the weights change nothing.
void make_taps(int input, int output, Interpolation interpolation, Taps& taps);

// Whether an image's height is resized before its width. It shows in the pixels, because each pass
// rounds and clips. Pillow takes the width first, unless (since version 13) the height loses more
// than twice as many pixels as the width.
bool height_first(int input_height, int input_width, int height, int width);

}  // namespace dermatome
