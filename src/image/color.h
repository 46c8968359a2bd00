// Pillow's and torchvision's color operations on 8-bit RGB, in place, bit for bit as torchvision
// computes them on PIL images (torchvision.transforms.functional, Pillow's ImageEnhance). They are
// what the published CLIP recipes call color jitter.
#pragma once

#include "src/image/image.h"

namespace dermatome {

// Blend the image with black / its mean gray / itself in gray: a factor of 0 gives that color, 1
// the image; above 1 extrapolates. Require 0 <= factor <= 10^6.
void adjust_brightness(const Planes& image, double factor);
void adjust_contrast(const Planes& image, double factor);
void adjust_saturation(const Planes& image, double factor);

// Turns the hue by `shift` of a full circle, -0.5..0.5, through Pillow's 8-bit HSV.
void adjust_hue(const Planes& image, double shift);

// ITU-R 601-2 luma in all three planes.
void to_grayscale(const Planes& image);

}  // namespace dermatome
