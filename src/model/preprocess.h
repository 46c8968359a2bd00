// Evaluation preprocessing: what open_clip's image_transform(is_train=False) does, and the
// normalization that training shares.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include "src/image/image.h"
#include "src/model/clip_config.h"

namespace dermatome {

// Resizes and crops as config.preprocess says, in 8 bits as Pillow. Returns uint8 [3, H, W], H = W
// = config.vision.image_size.
at::Tensor preprocess_image(const Image& image, const ClipConfig& config);

// pixels uint8 [B, 3, H, W], on the host or there, to (pixels / 255 - mean) / std, [B, 3, H, W],
// contiguous, on `device`. Computed in float32 and written as `type`, kFloat or kBFloat16: the
// latter is what bf16 autocast would make of the former.
at::Tensor normalize(const at::Tensor& pixels, const PreprocessConfig& config, c10::Device device,
                     c10::ScalarType type = c10::ScalarType::Float);

}  // namespace dermatome
