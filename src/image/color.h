// Pillow's and torchvision's colour operations on 8-bit RGB, in place, bit for bit as torchvision
// computes them on PIL images (torchvision.transforms.functional, Pillow's ImageEnhance). They are
// what the published CLIP recipes call colour jitter.
#pragma once

#include "src/image/image.h"

namespace dermatome {

// Blends with black / the mean grey / the picture in grey: a factor of 0 gives that, 1 the picture,
// above 1 extrapolates. Requires factor >= 0.
void adjust_brightness(Image& image, double factor);
void adjust_contrast(Image& image, double factor);
void adjust_saturation(Image& image, double factor);

// Turns the hue by `shift` of a full circle, -0.5..0.5, through Pillow's 8-bit HSV.
void adjust_hue(Image& image, double shift);

// ITU-R 601-2 luma in all three channels.
void to_grayscale(Image& image);

}  // namespace dermatome
