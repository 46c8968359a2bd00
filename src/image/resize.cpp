#include "src/image/resize.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "src/core/error.h"
#include "src/image/codec.h"

namespace dermatome {
namespace {

// Weights are integers with this many fractional bits: 32 minus 8 for the pixel and 2 for sums
// beyond 1.
constexpr int kFractionBits = 22;

double bicubic(double x) {  // Keys' kernel with a = -1/2
  x = std::abs(x);
  if (x < 1.0) return (1.5 * x - 2.5) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * -0.5;
  return 0.0;
}

double bilinear(double x) { return std::max(0.0, 1.0 - std::abs(x)); }

// For every output place: the first input place it draws from and the weights from there on.
struct Taps {
  struct Window {
    int first = 0;
    int count = 0;
  };
  std::vector<Window> windows;
  std::vector<int32_t> weights;  // [output, max_count]
  int max_count = 0;
};

Taps make_taps(int input, int output, Interpolation interpolation) {
  const auto kernel = interpolation == Interpolation::kBicubic ? bicubic : bilinear;
  const double radius = interpolation == Interpolation::kBicubic ? 2.0 : 1.0;
  const double scale = static_cast<double>(input) / output;
  // When shrinking, the kernel is stretched to cover every input pixel: that is the antialiasing.
  const double stretch = std::max(scale, 1.0);
  const double support = radius * stretch;
  const double shrink = 1.0 / stretch;
  Taps taps;
  taps.max_count = static_cast<int>(std::ceil(support)) * 2 + 1;
  taps.weights.resize(static_cast<size_t>(output) * taps.max_count);
  std::vector<double> exact(taps.max_count);
  for (int place = 0; place < output; ++place) {
    const double center = (place + 0.5) * scale;
    const int first = std::max(static_cast<int>(center - support + 0.5), 0);
    const int last = std::min(static_cast<int>(center + support + 0.5), input);
    double sum = 0.0;
    for (int tap = 0; tap < last - first; ++tap) {
      exact[tap] = kernel((tap + first - center + 0.5) * shrink);
      sum += exact[tap];
    }
    for (int tap = 0; tap < last - first; ++tap) {
      const double weight = (sum != 0.0 ? exact[tap] / sum : exact[tap]) * (1 << kFractionBits);
      taps.weights[static_cast<size_t>(place) * taps.max_count + tap] =
          static_cast<int32_t>(weight + std::copysign(0.5, weight));
    }
    taps.windows.push_back({first, last - first});
  }
  return taps;
}

uint8_t to_pixel(int32_t sum) {
  return static_cast<uint8_t>(std::clamp(sum >> kFractionBits, 0, 255));
}

constexpr int32_t kHalf = 1 << (kFractionBits - 1);

Image resize_width(const Image& image, int width, Interpolation interpolation) {
  const Taps taps = make_taps(image.width, width, interpolation);
  Image result = black_image(image.height, width);
  uint8_t* target = result.pixels.data();
  for (int y = 0; y < image.height; ++y) {
    const uint8_t* row = image.pixels.data() + static_cast<size_t>(y) * image.width * 3;
    for (int x = 0; x < width; ++x, target += 3) {
      const int32_t* weight = taps.weights.data() + static_cast<size_t>(x) * taps.max_count;
      const uint8_t* pixel = row + taps.windows[x].first * 3;
      int32_t red = kHalf;
      int32_t green = kHalf;
      int32_t blue = kHalf;
      for (int tap = 0; tap < taps.windows[x].count; ++tap, pixel += 3) {
        red += pixel[0] * weight[tap];
        green += pixel[1] * weight[tap];
        blue += pixel[2] * weight[tap];
      }
      target[0] = to_pixel(red);
      target[1] = to_pixel(green);
      target[2] = to_pixel(blue);
    }
  }
  return result;
}

Image resize_height(const Image& image, int height, Interpolation interpolation) {
  const Taps taps = make_taps(image.height, height, interpolation);
  const size_t row_bytes = static_cast<size_t>(image.width) * 3;
  Image result = black_image(height, image.width);
  std::vector<int32_t> sums(row_bytes);
  for (int y = 0; y < height; ++y) {
    std::fill(sums.begin(), sums.end(), kHalf);
    const int32_t* weight = taps.weights.data() + static_cast<size_t>(y) * taps.max_count;
    for (int tap = 0; tap < taps.windows[y].count; ++tap) {
      const uint8_t* row = image.pixels.data() + (taps.windows[y].first + tap) * row_bytes;
      for (size_t i = 0; i < row_bytes; ++i) sums[i] += row[i] * weight[tap];
    }
    std::transform(sums.begin(), sums.end(), result.pixels.data() + y * row_bytes, to_pixel);
  }
  return result;
}

// Which pass comes first shows in the pixels, because each pass rounds and clips. Pillow takes the
// width first, unless (since version 13) the height loses more than twice as many pixels as the
// width.
bool height_first(const Box& box, int height, int width) {
  return box.height - height > std::max(0, 2 * (box.width - width));
}

Image crop(const Image& image, const Box& box) {
  require(box.left >= 0 && box.top >= 0 && box.width > 0 && box.height > 0 &&
              box.left <= image.width - box.width && box.top <= image.height - box.height,
          "crop " + std::to_string(box.width) + " x " + std::to_string(box.height) + " at (" +
              std::to_string(box.left) + ", " + std::to_string(box.top) + ") of a picture of " +
              std::to_string(image.width) + " x " + std::to_string(image.height));
  Image result = black_image(box.height, box.width);
  const size_t row_bytes = static_cast<size_t>(box.width) * 3;
  for (int y = 0; y < box.height; ++y) {
    const size_t source = (static_cast<size_t>(box.top + y) * image.width + box.left) * 3;
    std::memcpy(result.pixels.data() + y * row_bytes, image.pixels.data() + source, row_bytes);
  }
  return result;
}

// `image` with black around it, at least size x size; the smaller margin left and above.
Image pad_to(const Image& image, int size) {
  const int height = std::max(image.height, size);
  const int width = std::max(image.width, size);
  const int left = (width - image.width) / 2;
  const int top = (height - image.height) / 2;
  Image result = black_image(height, width);
  const size_t row_bytes = static_cast<size_t>(image.width) * 3;
  for (int y = 0; y < image.height; ++y) {
    std::memcpy(result.pixels.data() + (static_cast<size_t>(top + y) * width + left) * 3,
                image.pixels.data() + y * row_bytes, row_bytes);
  }
  return result;
}

// Half of a non-negative margin, halves to even.
int half_to_even(int margin) { return margin / 2 + (margin % 4 == 3 ? 1 : 0); }

}  // namespace

Image resize(const Image& image, const Box& box, int height, int width,
             Interpolation interpolation) {
  require(height > 0 && width > 0, "resize to an empty picture");
  Image result = crop(image, box);
  if (height_first(box, height, width)) {
    result = resize_height(result, height, interpolation);
  }
  if (width != result.width) result = resize_width(result, width, interpolation);
  if (height != result.height) result = resize_height(result, height, interpolation);
  return result;
}

Image resize_shorter_side(const Image& image, int size, Interpolation interpolation) {
  const int shorter = std::min(image.height, image.width);
  const int longer = std::max(image.height, image.width);
  const int64_t exact = static_cast<int64_t>(size) * longer / shorter;
  if (exact * size > kMaxPixels) {
    throw DataError(
        "a picture of " + std::to_string(image.width) + " x " + std::to_string(image.height) +
        " pixels is too long and thin to bring its shorter side to " + std::to_string(size));
  }
  const int scaled = static_cast<int>(exact);
  const bool wide = image.width > image.height;
  return resize(image, {0, 0, image.width, image.height}, wide ? size : scaled,
                wide ? scaled : size, interpolation);
}

Image center_crop(const Image& image, int size) {
  if (image.height < size || image.width < size) return center_crop(pad_to(image, size), size);
  return crop(image,
              {half_to_even(image.width - size), half_to_even(image.height - size), size, size});
}

}  // namespace dermatome
