// Training's random image changes (the published recipe of MAKE, which is open_clip's): random
// resized crop, color jitter with a probability, gray with a probability, all as torchvision
// defines them.
//
// The random parameters are a pure function of the sample's place in the global order, so that a
// sample looks the same for any number of ranks, threads and restarts.
#pragma once

#include <c10/util/SmallVector.h>

#include <cstdint>

#include "src/image/image.h"
#include "src/image/resize.h"

namespace dermatome {

struct AugmentationOptions;

enum class ColorOperation { kBrightness, kContrast, kSaturation, kHue };

struct ColorAdjustment {
  ColorOperation operation;
  double amount;  // factor (1: unchanged); for the hue a shift in turns (0: unchanged)
};

// With room for one of each operation, so that drawing them for a sample allocates nothing.
using ColorAdjustments = c10::SmallVector<ColorAdjustment, 4>;

struct AugmentationParameters {
  Box crop;
  ColorAdjustments colors;  // in this order; empty: no jitter
  bool gray = false;
};

// Parameters for the image of height x width pixels that is drawn `draw`-th (counted over all
// ranks) in `epoch`. Entries of options.color_jitter that are 0 adjust nothing.
AugmentationParameters draw_augmentation(const AugmentationOptions& options, int height, int width,
                                         uint64_t seed, int64_t epoch, int64_t draw);

// The augmented image, size x size, into `planes`.
void augment(const Image& image, const AugmentationParameters& parameters, int size,
             const Planes& planes);

}  // namespace dermatome
