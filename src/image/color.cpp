#include "src/image/color.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "src/core/error.h"

namespace dermatome {
namespace {

uint8_t luma(const uint8_t* pixel) {
  constexpr uint32_t kRed = 19595;  // 0.299, 0.587, 0.114 in 16-bit fixed point
  constexpr uint32_t kGreen = 38470;
  constexpr uint32_t kBlue = 7471;
  return static_cast<uint8_t>((pixel[0] * kRed + pixel[1] * kGreen + pixel[2] * kBlue + 0x8000) >>
                              16);
}

// Pillow's Image.blend: float arithmetic, truncated; clipping only matters when extrapolating.
uint8_t blend(uint8_t from, uint8_t to, float factor) {
  const float value = static_cast<float>(from) + factor * static_cast<float>(to - from);
  return static_cast<uint8_t>(std::clamp(value, 0.0F, 255.0F));
}

void require_factor(double factor) {
  require(factor >= 0.0, "colour factor " + std::to_string(factor) + " is negative");
}

void blend_with_grey(Image& image, uint8_t grey, double factor) {
  require_factor(factor);
  std::array<uint8_t, 256> table{};
  for (int value = 0; value < 256; ++value) {
    table[value] = blend(grey, static_cast<uint8_t>(value), static_cast<float>(factor));
  }
  for (uint8_t& value : image.pixels) value = table[value];
}

struct Hsv {
  uint8_t hue = 0;
  uint8_t saturation = 0;
  uint8_t value = 0;
};

Hsv to_hsv(const uint8_t* pixel) {
  const auto [red, green, blue] = std::array{pixel[0], pixel[1], pixel[2]};
  const uint8_t high = std::max({red, green, blue});
  const uint8_t low = std::min({red, green, blue});
  if (high == low) return {0, 0, high};
  const float range = static_cast<float>(high - low);
  const float from_red = static_cast<float>(high - red) / range;
  const float from_green = static_cast<float>(high - green) / range;
  const float from_blue = static_cast<float>(high - blue) / range;
  // Sixths of the circle. Sums are formed in double and stored as float, which decides the last
  // level.
  float sixths = 0.0F;
  if (red == high) {
    sixths = from_blue - from_green;
  } else if (green == high) {
    sixths = static_cast<float>(2.0 + from_red - from_blue);
  } else {
    sixths = static_cast<float>(4.0 + from_green - from_red);
  }
  const float hue = static_cast<float>(std::fmod(sixths / 6.0 + 1.0, 1.0));
  const float saturation = range / static_cast<float>(high);
  return {static_cast<uint8_t>(hue * 255.0), static_cast<uint8_t>(saturation * 255.0), high};
}

void from_hsv(const Hsv& hsv, uint8_t* pixel) {
  const uint8_t value = hsv.value;
  if (hsv.saturation == 0) {
    std::fill_n(pixel, 3, value);
    return;
  }
  const double sixths = hsv.hue * 6.0 / 255.0;
  const int sector = static_cast<int>(sixths);
  const float fraction = static_cast<float>(sixths - static_cast<float>(sector));
  const float saturation = static_cast<float>(hsv.saturation / 255.0);
  const auto scaled = [value](double factor) {
    return static_cast<uint8_t>(std::clamp(std::round(value * factor), 0.0, 255.0));
  };
  const uint8_t lowest = scaled(1.0 - saturation);
  const uint8_t falling = scaled(1.0 - saturation * fraction);
  const uint8_t rising = scaled(1.0 - saturation * (1.0 - fraction));
  const std::array<std::array<uint8_t, 3>, 6> sectors{{{value, rising, lowest},
                                                       {falling, value, lowest},
                                                       {lowest, value, rising},
                                                       {lowest, falling, value},
                                                       {rising, lowest, value},
                                                       {value, lowest, falling}}};
  std::copy_n(sectors[sector % 6].begin(), 3, pixel);
}

}  // namespace

void adjust_brightness(Image& image, double factor) { blend_with_grey(image, 0, factor); }

void adjust_contrast(Image& image, double factor) {
  uint64_t sum = 0;
  for (size_t i = 0; i < image.pixels.size(); i += 3) sum += luma(&image.pixels[i]);
  const double mean = static_cast<double>(sum) / (static_cast<double>(image.pixels.size()) / 3);
  blend_with_grey(image, static_cast<uint8_t>(mean + 0.5), factor);
}

void adjust_saturation(Image& image, double factor) {
  require_factor(factor);
  for (size_t i = 0; i < image.pixels.size(); i += 3) {
    uint8_t* pixel = &image.pixels[i];
    const uint8_t grey = luma(pixel);
    for (int c = 0; c < 3; ++c) pixel[c] = blend(grey, pixel[c], static_cast<float>(factor));
  }
}

void adjust_hue(Image& image, double shift) {
  require(shift >= -0.5 && shift <= 0.5,
          "hue shift " + std::to_string(shift) + " is not in -0.5..0.5");
  const int levels = static_cast<int>(shift * 255.0);
  for (size_t i = 0; i < image.pixels.size(); i += 3) {
    Hsv hsv = to_hsv(&image.pixels[i]);
    hsv.hue = static_cast<uint8_t>(hsv.hue + levels);  // wraps around the circle
    from_hsv(hsv, &image.pixels[i]);
  }
}

void to_grayscale(Image& image) {
  for (size_t i = 0; i < image.pixels.size(); i += 3) {
    std::fill_n(&image.pixels[i], 3, luma(&image.pixels[i]));
  }
}

}  // namespace dermatome
