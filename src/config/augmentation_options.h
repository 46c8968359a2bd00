// The section `augmentation`: how training images are changed at random.
// Field names are YAML keys; src/config/train_config.h reads them.
#pragma once

#include <array>

namespace dermatome {

struct AugmentationOptions {
  std::array<double, 2> scale = {0.9, 1.0};           // area of the random crop
  std::array<double, 2> ratio = {3.0 / 4, 4.0 / 3};   // aspect ratio of the random crop
  std::array<double, 4> color_jitter = {0, 0, 0, 0};  // brightness, contrast, saturation, hue
  double color_jitter_probability = 0;                // probability that an image is jittered
  double gray_probability = 0;                        // probability that an image loses its color

  bool operator==(const AugmentationOptions&) const = default;
};

}  // namespace dermatome
