#include "src/data/augmentation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "src/config/augmentation_options.h"
#include "src/core/rng.h"
#include "src/image/color.h"

namespace dermatome {
namespace {

// Half to even, as Python's round.
int round_to_int(double value) { return static_cast<int>(std::lrint(value)); }

// Uniform in [0, last].
int draw_up_to(int last, Rng& random) {
  return static_cast<int>(random.below(static_cast<uint64_t>(last) + 1));
}

// The largest centered box whose aspect ratio is allowed; used when no random box fits.
Box center_crop_box(const AugmentationOptions& options, int height, int width) {
  Box box{0, 0, width, height};
  const double ratio = static_cast<double>(width) / height;
  if (ratio < options.ratio[0]) {
    box.height = std::clamp(round_to_int(width / options.ratio[0]), 1, height);
  } else if (ratio > options.ratio[1]) {
    box.width = std::clamp(round_to_int(height * options.ratio[1]), 1, width);
  }
  box.left = (width - box.width) / 2;
  box.top = (height - box.height) / 2;
  return box;
}

// torchvision's RandomResizedCrop.get_params.
Box draw_crop(const AugmentationOptions& options, int height, int width, Rng& random) {
  constexpr int kTries = 10;
  const double area = static_cast<double>(height) * width;
  for (int i = 0; i < kTries; ++i) {
    const double target_area = area * random.uniform(options.scale[0], options.scale[1]);
    const double ratio =
        std::exp(random.uniform(std::log(options.ratio[0]), std::log(options.ratio[1])));
    Box box;
    box.width = round_to_int(std::sqrt(target_area * ratio));
    box.height = round_to_int(std::sqrt(target_area / ratio));
    if (box.width < 1 || box.width > width || box.height < 1 || box.height > height) continue;
    box.top = draw_up_to(height - box.height, random);
    box.left = draw_up_to(width - box.width, random);
    return box;
  }
  return center_crop_box(options, height, width);
}

// torchvision's ColorJitter.
ColorAdjustments draw_jitter(const std::array<double, 4>& strengths, Rng& random) {
  std::array<ColorOperation, 4> order = {ColorOperation::kBrightness, ColorOperation::kContrast,
                                         ColorOperation::kSaturation, ColorOperation::kHue};
  for (size_t i = order.size() - 1; i > 0; --i) std::swap(order[i], order[random.below(i + 1)]);
  ColorAdjustments adjustments;
  for (const ColorOperation operation : order) {
    const double strength = strengths[static_cast<size_t>(operation)];
    // A strength of 0 is left out: going through HSV and back would still round the pixels.
    if (strength == 0) continue;
    const double amount = operation == ColorOperation::kHue
                              ? random.uniform(-strength, strength)
                              : random.uniform(std::max(0.0, 1 - strength), 1 + strength);
    adjustments.push_back({operation, amount});
  }
  return adjustments;
}

void adjust(const Planes& image, const ColorAdjustment& adjustment) {
  switch (adjustment.operation) {
    case ColorOperation::kBrightness:
      return adjust_brightness(image, adjustment.amount);
    case ColorOperation::kContrast:
      return adjust_contrast(image, adjustment.amount);
    case ColorOperation::kSaturation:
      return adjust_saturation(image, adjustment.amount);
    case ColorOperation::kHue:
      return adjust_hue(image, adjustment.amount);
  }
}

}  // namespace

AugmentationParameters draw_augmentation(const AugmentationOptions& options, int height, int width,
                                         uint64_t seed, int64_t epoch, int64_t draw) {
  Rng random(seed, RngPurpose::kAugmentation, static_cast<uint64_t>(epoch),
             static_cast<uint64_t>(draw));
  AugmentationParameters parameters;
  parameters.crop = draw_crop(options, height, width, random);
  if (random.uniform() < options.color_jitter_probability) {
    parameters.colors = draw_jitter(options.color_jitter, random);
  }
  parameters.gray = random.uniform() < options.gray_probability;
  return parameters;
}

void augment(const Image& image, const AugmentationParameters& parameters, int size,
             const Planes& planes) {
  resize_to_planes(image, parameters.crop, size, size, planes);
  for (const ColorAdjustment& adjustment : parameters.colors) adjust(planes, adjustment);
  if (parameters.gray) to_grayscale(planes);
}

}  // namespace dermatome
