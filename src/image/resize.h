// Antialiased resizing that reproduces Pillow's 8-bit ImagingResample (fixed-point
// weights, order of passes as of Pillow 13), because open_clip's evaluation preprocessing is
// defined by it.
#pragma once

#include "src/image/image.h"
#include "src/image/taps.h"

namespace dermatome {

// A rectangle in pixels: left/top inclusive.
struct Box {
  int left = 0;
  int top = 0;
  int width = 0;
  int height = 0;
};

// Crops `box` out of `image`, then resizes it to height x width (torchvision's resized_crop on a
// PIL image: the crop's surroundings do not influence the result). Throws InternalError if the box
// leaves the image or is empty.
Image resize(const Image& image, const Box& box, int height, int width,
             Interpolation interpolation = Interpolation::kBicubic);

// The same into `planes`: a training's hot path, which allocates nothing once the thread's
// memory is large enough.
void resize_to_planes(const Image& image, const Box& box, int height, int width,
                      const Planes& planes, Interpolation interpolation = Interpolation::kBicubic);

struct Extent {
  int height = 0;
  int width = 0;
};

// The size of an image whose shorter side was brought to `size`, as by torchvision's Resize(int):
// long side truncated to int. Throws DataError for more than kMaxPixels (codec.h).
Extent shorter_side_extent(const Extent& image, int size);

// Resizes the whole image to shorter_side_extent().
Image resize_shorter_side(const Image& image, int size,
                          Interpolation interpolation = Interpolation::kBicubic);

// The center size x size, as torchvision's CenterCrop: odd margins round half to even; smaller
// images are padded with black first.
Image center_crop(const Image& image, int size);

}  // namespace dermatome
