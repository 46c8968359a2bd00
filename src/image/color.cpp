#include "src/image/color.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "src/core/error.h"
#include "src/core/text.h"
#include "src/image/wide_vectors.h"

namespace dermatome {
namespace {

int32_t luma(int32_t red, int32_t green, int32_t blue) {
  // 0.299, 0.587, 0.114 in 16-bit fixed point
  return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
}

// Pillow's Image.blend: float arithmetic, truncated; clipping only matters when extrapolating.
int32_t blend(int32_t from, int32_t to, float factor) {
  const float value = static_cast<float>(from) + factor * static_cast<float>(to - from);
  return std::clamp(static_cast<int32_t>(value), 0, 255);
}

void require_factor(double factor) {
  // Up to this factor the blended values stay far within an int.
  require(factor >= 0.0 && factor <= 1e6,
          [&] { return text("color factor ", factor, " is not in 0..10^6"); });
}

DERMATOME_WIDE_VECTORS
void blend_plane(uint8_t* plane, size_t count, int32_t gray, float factor) {
  for (size_t i = 0; i < count; ++i) {
    plane[i] = static_cast<uint8_t>(blend(gray, plane[i], factor));
  }
}

void blend_with_gray(const Planes& image, int32_t gray, double factor) {
  require_factor(factor);
  for (uint8_t* plane : {image.red, image.green, image.blue}) {
    blend_plane(plane, image.count, gray, static_cast<float>(factor));
  }
}

DERMATOME_WIDE_VECTORS
uint64_t luma_sum(const uint8_t* red, const uint8_t* green, const uint8_t* blue, size_t count) {
  // In blocks whose sums fit 32 bits: a vector holds more of these.
  constexpr size_t kBlock = 1 << 16;
  uint64_t total = 0;
  for (size_t first = 0; first < count; first += kBlock) {
    const size_t end = std::min(first + kBlock, count);
    uint32_t sum = 0;
    for (size_t i = first; i < end; ++i) {
      sum += static_cast<uint32_t>(luma(red[i], green[i], blue[i]));
    }
    total += sum;
  }
  return total;
}

DERMATOME_WIDE_VECTORS
void blend_with_luma(uint8_t* __restrict red, uint8_t* __restrict green, uint8_t* __restrict blue,
                     size_t count, float factor) {
  for (size_t i = 0; i < count; ++i) {
    const int32_t gray = luma(red[i], green[i], blue[i]);
    red[i] = static_cast<uint8_t>(blend(gray, red[i], factor));
    green[i] = static_cast<uint8_t>(blend(gray, green[i], factor));
    blue[i] = static_cast<uint8_t>(blend(gray, blue[i], factor));
  }
}

// Where on Pillow's circle of 255 levels a hue lies once it is turned: which of the six sectors
// between pure colors, and how far into it.
struct TurnedHues {
  std::array<int32_t, 256> sector;
  std::array<float, 256> fraction;
};

TurnedHues turned_hues(int levels) {
  TurnedHues hues{};
  for (int hue = 0; hue < 256; ++hue) {
    const double sixths = static_cast<uint8_t>(hue + levels) * 6.0 / 255.0;  // wraps around
    const int sector = static_cast<int>(sixths);
    hues.sector[hue] = sector % 6;
    hues.fraction[hue] = static_cast<float>(sixths - static_cast<double>(sector));
  }
  return hues;
}

// -1, all bits set, if `condition`, else 0.
int32_t mask_of(bool condition) { return -static_cast<int32_t>(condition); }

// `yes` where `mask` is -1, `no` where it is 0. With a condition loops would not use vectors.
int32_t select(int32_t mask, int32_t yes, int32_t no) { return no ^ ((yes ^ no) & mask); }

// To Pillow's 8-bit HSV, another hue, and back, in loops without conditions; types and order of the
// arithmetic are Pillow's, since they decide the last level.
DERMATOME_WIDE_VECTORS
void turn_hues(uint8_t* __restrict red, uint8_t* __restrict green, uint8_t* __restrict blue,
               size_t count, const TurnedHues& turned) {
  constexpr size_t kBlock = 256;
  // The highest channel, and how far it is above the lowest and the middle one.
  int32_t high[kBlock], range[kBlock], above_middle[kBlock];
  int32_t sixths[kBlock], sign[kBlock];  // hue = sixths + sign * above_middle / range, in sixths
  int32_t hue[kBlock], sector[kBlock];
  float saturation[kBlock], fraction[kBlock];
  int32_t lowest[kBlock], falling[kBlock], rising[kBlock];
  for (size_t first = 0; first < count;
       first += kBlock, red += kBlock, green += kBlock, blue += kBlock) {
    const size_t n = std::min(kBlock, count - first);
    for (size_t i = 0; i < n; ++i) {
      const int32_t r = red[i], g = green[i], b = blue[i];
      high[i] = std::max(std::max(r, g), b);
      const int32_t low = std::min(std::min(r, g), b);
      range[i] = high[i] - low;
      above_middle[i] = 2 * high[i] + low - r - g - b;
      const int32_t red_high = mask_of(r == high[i]), green_high = mask_of(g == high[i]);
      const int32_t red_low = mask_of(r == low), green_low = mask_of(g == low);
      sixths[i] = select(red_high, 1 + 2 * green_low,
                         select(green_high, 1 - 2 * red_low, 3 - 2 * green_low));
      sign[i] = select(red_high, -1 - 2 * green_low,
                       select(green_high, 1 + 2 * red_low, 1 + 2 * green_low));
    }
    for (size_t i = 0; i < n; ++i) {
      const float part =
          static_cast<float>(above_middle[i]) / static_cast<float>(std::max(range[i], 1));
      const float place = static_cast<float>(sixths[i]) + static_cast<float>(sign[i]) * part;
      const double turn = static_cast<double>(place) / 6.0 + 1.0;  // 0.8 to 1.9
      const auto circle =
          static_cast<float>(turn - static_cast<double>(static_cast<int32_t>(turn)));
      hue[i] = static_cast<int32_t>(static_cast<double>(circle) * 255.0);
    }
    for (size_t i = 0; i < n; ++i) {
      const float share = static_cast<float>(range[i]) / static_cast<float>(std::max(high[i], 1));
      const auto level = static_cast<int32_t>(static_cast<double>(share) * 255.0);
      saturation[i] = static_cast<float>(static_cast<double>(level) / 255.0);
    }
    for (size_t i = 0; i < n; ++i) {
      fraction[i] = turned.fraction[hue[i]];
      sector[i] = turned.sector[hue[i]];
    }
    for (size_t i = 0; i < n; ++i) {
      const double value = high[i], s = saturation[i], f = fraction[i];
      lowest[i] = static_cast<int32_t>(value * (1.0 - s) + 0.5);
      falling[i] = static_cast<int32_t>(
          value * (1.0 - static_cast<double>(saturation[i] * fraction[i])) + 0.5);
      rising[i] = static_cast<int32_t>(value * (1.0 - s * (1.0 - f)) + 0.5);
    }
    for (size_t i = 0; i < n; ++i) {
      const int32_t v = high[i], l = lowest[i], f = falling[i], r = rising[i];
      const int32_t in0 = mask_of(sector[i] == 0), in1 = mask_of(sector[i] == 1),
                    in2 = mask_of(sector[i] == 2), in3 = mask_of(sector[i] == 3),
                    in4 = mask_of(sector[i] == 4), in5 = mask_of(sector[i] == 5);
      red[i] = static_cast<uint8_t>(select(in0 | in5, v, select(in1, f, select(in4, r, l))));
      green[i] = static_cast<uint8_t>(select(in1 | in2, v, select(in0, r, select(in3, f, l))));
      blue[i] = static_cast<uint8_t>(select(in3 | in4, v, select(in2, r, select(in5, f, l))));
    }
  }
}

DERMATOME_WIDE_VECTORS
void write_luma(uint8_t* __restrict red, const uint8_t* __restrict green,
                const uint8_t* __restrict blue, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    red[i] = static_cast<uint8_t>(luma(red[i], green[i], blue[i]));
  }
}

}  // namespace

void adjust_brightness(const Planes& image, double factor) { blend_with_gray(image, 0, factor); }

void adjust_contrast(const Planes& image, double factor) {
  const auto sum = static_cast<double>(luma_sum(image.red, image.green, image.blue, image.count));
  const double mean = sum / static_cast<double>(image.count);
  blend_with_gray(image, static_cast<int32_t>(mean + 0.5), factor);
}

void adjust_saturation(const Planes& image, double factor) {
  require_factor(factor);
  blend_with_luma(image.red, image.green, image.blue, image.count, static_cast<float>(factor));
}

void adjust_hue(const Planes& image, double shift) {
  require(shift >= -0.5 && shift <= 0.5,
          [&] { return text("hue shift ", shift, " is not in -0.5..0.5"); });
  turn_hues(image.red, image.green, image.blue, image.count,
            turned_hues(static_cast<int>(shift * 255.0)));
}

void to_grayscale(const Planes& image) {
  write_luma(image.red, image.green, image.blue, image.count);
  std::memcpy(image.green, image.red, image.count);
  std::memcpy(image.blue, image.red, image.count);
}

}  // namespace dermatome
