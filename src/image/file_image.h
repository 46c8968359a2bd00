// Images in the colors of their files. Whoever resizes an image before it becomes RGB, as open_clip
// does, needs them, and so does whoever lays a transparent image over a background.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "src/image/image.h"
#include "src/image/taps.h"

namespace dermatome {

struct FileImage {
  enum class Colors { kRgb, kRgba, kCmyk };  // gray and palettes are RGB or RGBA
  // How Pillow resizes an image of this kind.
  enum class Resizing {
    kPlain,          // each channel by itself
    kPremultiplied,  // colors count by their alpha (files with an alpha channel)
    kNearest         // without interpolation (palettes, one bit per pixel)
  };

  size_t channels() const { return colors == Colors::kRgb ? 3 : 4; }

  Colors colors = Colors::kRgb;
  Resizing resizing = Resizing::kPlain;
  bool clipped = false;  // gray of 16 bits, some of it above 255: Pillow makes this part white
  int height = 0;
  int width = 0;
  std::vector<uint8_t> samples;  // [height, width, channels]; 8 bits, interleaved
};

struct Rgb {
  uint8_t red = 0;
  uint8_t green = 0;
  uint8_t blue = 0;
};

// As Pillow's convert("RGB"): alpha is dropped, CMYK is converted without an ink profile. The
// memory of `image` is used again.
Image to_rgb(FileImage image);

// The same, but the image is laid over `background` where it is transparent.
Image lay_over(FileImage image, Rgb background);

// Whether a pixel is not fully opaque.
bool is_transparent(const FileImage& image);

// As Pillow's resize(...).convert("RGB"), in this order: open_clip's. If the size does not change,
// only the conversion is left.
Image resize_to_rgb(FileImage image, int height, int width, Interpolation interpolation);

}  // namespace dermatome
