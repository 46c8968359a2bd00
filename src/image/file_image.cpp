#include "src/image/file_image.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "src/image/resize.h"

namespace dermatome {
namespace {

using Samples = std::array<uint8_t, 4>;  // of a pixel

// a * b / 255 as Pillow rounds it.
uint8_t share_of(uint32_t a, uint32_t b) {
  const uint32_t product = a * b + 128;
  return static_cast<uint8_t>((product + (product >> 8)) >> 8);
}

Rgb without_alpha(const Samples& pixel) { return {pixel[0], pixel[1], pixel[2]}; }

Rgb without_ink(const Samples& pixel) {
  const auto white = static_cast<uint8_t>(255 - pixel[3]);
  const auto rest = [&](uint8_t ink) { return static_cast<uint8_t>(white - share_of(ink, white)); };
  return {rest(pixel[0]), rest(pixel[1]), rest(pixel[2])};
}

uint8_t undo_premultiplied(uint8_t value, uint8_t alpha) {
  if (alpha == 0 || alpha == 255) return value;
  return static_cast<uint8_t>(std::min(value * 255 / alpha, 255));
}

// Replaces the four samples of every pixel by three, in the same memory.
template <typename ToRgb>
Image narrow(FileImage image, const ToRgb& to_three) {
  const size_t count = static_cast<size_t>(image.height) * image.width;
  const uint8_t* source = image.samples.data();
  uint8_t* target = image.samples.data();
  for (size_t i = 0; i < count; ++i, source += 4, target += 3) {
    Samples pixel;
    std::memcpy(pixel.data(), source, pixel.size());
    const Rgb color = to_three(pixel);
    target[0] = color.red;
    target[1] = color.green;
    target[2] = color.blue;
  }
  image.samples.resize(count * 3);
  return {image.height, image.width, std::move(image.samples)};
}

// Every output place takes the input place under its middle. Pillow adds the step up, which decides
// where a middle lies between two places.
std::vector<int> nearest_places(int input, int output) {
  const double step = static_cast<double>(input) / output;
  std::vector<int> places;
  double middle = step * 0.5;
  for (int place = 0; place < output; ++place, middle += step) {
    places.push_back(std::min(static_cast<int>(middle), input - 1));
  }
  return places;
}

Image resize_nearest(const Image& image, int height, int width) {
  const std::vector<int> rows = nearest_places(image.height, height);
  const std::vector<int> columns = nearest_places(image.width, width);
  Image resized = black_image(height, width);
  uint8_t* target = resized.pixels.data();
  for (const int row : rows) {
    const uint8_t* source = image.pixels.data() + static_cast<size_t>(row) * image.width * 3;
    for (const int column : columns) {
      std::memcpy(target, source + static_cast<size_t>(column) * 3, 3);
      target += 3;
    }
  }
  return resized;
}

// The channels of an image with four as two images: the first three, and three times the fourth.
std::pair<Image, Image> separate_fourth(const FileImage& image, bool premultiplied) {
  std::pair<Image, Image> parts(black_image(image.height, image.width),
                                black_image(image.height, image.width));
  const uint8_t* source = image.samples.data();
  for (size_t i = 0; i < parts.first.pixels.size(); i += 3, source += 4) {
    for (size_t c = 0; c < 3; ++c) {
      parts.first.pixels[i + c] = premultiplied ? share_of(source[c], source[3]) : source[c];
      parts.second.pixels[i + c] = source[3];
    }
  }
  return parts;
}

}  // namespace

Image to_rgb(FileImage image) {
  switch (image.colors) {
    case FileImage::Colors::kRgba:
      return narrow(std::move(image), without_alpha);
    case FileImage::Colors::kCmyk:
      return narrow(std::move(image), without_ink);
    case FileImage::Colors::kRgb:
      break;
  }
  return {image.height, image.width, std::move(image.samples)};
}

Image lay_over(FileImage image, Rgb background) {
  if (image.colors != FileImage::Colors::kRgba) return to_rgb(std::move(image));
  return narrow(std::move(image), [&](const Samples& pixel) {
    const int alpha = pixel[3];
    const auto mix = [&](uint8_t above, uint8_t below) {
      return static_cast<uint8_t>((above * alpha + below * (255 - alpha) + 127) / 255);
    };
    return Rgb{mix(pixel[0], background.red), mix(pixel[1], background.green),
               mix(pixel[2], background.blue)};
  });
}

bool is_transparent(const FileImage& image) {
  if (image.colors != FileImage::Colors::kRgba) return false;
  for (size_t i = 3; i < image.samples.size(); i += 4) {
    if (image.samples[i] != 255) return true;
  }
  return false;
}

Image resize_to_rgb(FileImage image, int height, int width, Interpolation interpolation) {
  if (image.height == height && image.width == width) return to_rgb(std::move(image));
  const Box whole{.left = 0, .top = 0, .width = image.width, .height = image.height};
  if (image.resizing == FileImage::Resizing::kNearest) {
    return resize_nearest(to_rgb(std::move(image)), height, width);
  }
  const bool is_cmyk = image.colors == FileImage::Colors::kCmyk;
  if (!is_cmyk && image.resizing == FileImage::Resizing::kPlain) {
    return resize(to_rgb(std::move(image)), whole, height, width, interpolation);
  }
  auto [colors, fourth] = separate_fourth(image, !is_cmyk);
  colors = resize(colors, whole, height, width, interpolation);
  fourth = resize(fourth, whole, height, width, interpolation);
  for (size_t i = 0; i < colors.pixels.size(); i += 3) {
    uint8_t* pixel = colors.pixels.data() + i;
    const uint8_t last = fourth.pixels[i];
    if (is_cmyk) {
      const Rgb rgb = without_ink({pixel[0], pixel[1], pixel[2], last});
      pixel[0] = rgb.red;
      pixel[1] = rgb.green;
      pixel[2] = rgb.blue;
    } else {
      for (size_t c = 0; c < 3; ++c) pixel[c] = undo_premultiplied(pixel[c], last);
    }
  }
  return std::move(colors);
}

}  // namespace dermatome
