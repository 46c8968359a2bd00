// Training pictures for a device that augments them itself (device_augmentation.h): the host cuts
// out what the random crop takes and packs it together with everything that the device needs to
// know, so that the device reads no sizes and the host waits for nothing.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "src/data/augmentation.h"
#include "src/image/image.h"

namespace dermatome {

// A picture cut to its crop, with what is to be done to it.
struct Crop {
  Image image;
  AugmentationParameters parameters;  // crop is the whole image
};

// The part of `image` that `parameters` take, into memory that is used again.
void cut(const Image& image, const AugmentationParameters& parameters, Crop& crop);

// B crops as tensors, of which a device needs no more than these.
struct CropBatch {
  // A picture is resized along one side of it first: along it lie points, across it lines.
  struct Extent {
    int64_t first = 0;  // place of its first pixel in the whole batch's pixels
    int64_t lines = 0;
    int64_t points = 0;
  };
  enum Place { kFirst, kLines, kLineStep, kPoints, kPointStep, kHeightFirst, kNumPlaces };
  // Blends of a picture with black, its mean grey, or itself in grey: up to so many before the hue
  // is turned and as many after it.
  static constexpr int64_t kBlends = 3;
  enum Blend { kFactor, kMeanShare, kGreyShare, kNumBlendValues };
  enum Finish { kTurnsHue, kHueLevels, kGrey, kNumFinishValues };

  std::vector<Extent> extents;  // [B]
  bool adjusts_colors = false;  // any of the batch
  at::Tensor pixels;            // [P, 3] uint8: RGB of all crops, row by row, back to back
  at::Tensor places;            // [B, kNumPlaces] int64, in pixels
  // [B, 2, S] int32: the first pixel that each of S output pixels draws from, for the first and the
  // second pass of resizing to S x S.
  at::Tensor windows;
  at::Tensor weights;  // [B, 2, S, K] int32: the weights from there on (src/image/taps.h)
  at::Tensor blends;   // [B, 2 * kBlends, kNumBlendValues] float; a factor of 1 changes nothing
  // [B, kNumFinishValues] float: whether and by how many of 255 levels the hue turns, whether the
  // colour is lost.
  at::Tensor finish;

  int64_t size() const { return static_cast<int64_t>(extents.size()); }
  // Crops [first, first + count), as views.
  CropBatch slice(int64_t first, int64_t count) const;
  // With every tensor replaced by what `change` makes of it: another copy of it.
  CropBatch changed(const std::function<at::Tensor(const at::Tensor&)>& change) const;
};

// In host memory, to be resized to size x size. Colours are adjusted as draw_augmentation() draws
// it: each operation at most once.
CropBatch pack(std::span<const Crop> crops, int size);

}  // namespace dermatome
