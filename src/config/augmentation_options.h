// The section `augmentation`: how training images are changed at random.
// Field names are YAML keys; src/config/train_config.h reads them, and `dermatome config` prints
// the comment above each field.
#pragma once

#include <array>

namespace dermatome {

struct AugmentationOptions {
  // The area of the random crop, as a share of the image: the smallest and the largest.
  std::array<double, 2> scale = {0.9, 1.0};
  // The aspect ratio of the random crop: the smallest and the largest.
  std::array<double, 2> ratio = {3.0 / 4, 4.0 / 3};
  // How strongly a jittered image changes in brightness, contrast, saturation and hue.
  std::array<double, 4> color_jitter = {0, 0, 0, 0};
  // The probability that the color of an image is jittered.
  double color_jitter_probability = 0;
  // The probability that an image loses its color.
  double gray_probability = 0;

  bool operator==(const AugmentationOptions&) const = default;
};

}  // namespace dermatome
