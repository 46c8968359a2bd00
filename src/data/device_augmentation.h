// augment() (augmentation.h) for many pictures at once, as tensor operations on any device, without
// kernels of its own and without the host waiting for the device. The result is augment()'s to the
// last bit: what is added up are whole numbers, which float32 holds exactly, and the rest follows
// its rounding step by step.
//
// Where a crop shrinks to less than a fifteenth of its side, sums of whole numbers outgrow float32,
// and pixels may differ by one level.
#pragma once

#include <ATen/core/Tensor.h>

#include "src/data/crops.h"

namespace dermatome {

// Crops are worked on in groups of so many pixels, each crop counted as large as the group's
// largest: up to about 1 GB of memory, whatever the batch.
inline constexpr int64_t kGroupPixels = 1 << 24;

// `crops`, whose tensors are on one device, resized and adjusted: uint8 [B, 3, S, S] on that
// device. Not under autocast, and with float32 matrix products in full precision (not TF32):
// LibTorch's default.
at::Tensor augment_crops(const CropBatch& crops);

}  // namespace dermatome
