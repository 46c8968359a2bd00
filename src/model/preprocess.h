// Evaluation preprocessing: what open_clip's image_transform(is_train=False) does, and the
// normalization that training shares.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include "src/image/file_image.h"
#include "src/image/image.h"
#include "src/model/clip_config.h"

namespace dermatome {

// Resizes and crops as config.preprocess says, in 8 bits as Pillow does, and converts to RGB last,
// as open_clip does. Returns uint8 [3, H, W] with H = W = config.vision.image_size.
at::Tensor preprocess_image(FileImage image, const ClipConfig& config);
at::Tensor preprocess_image(const Image& image, const ClipConfig& config);

// Turns uint8 pixels [B, 3, H, W], on the host or on `device`, into (pixels / 255 - mean) / std,
// [B, 3, H, W], contiguous, on `device`. Computes in float32 and writes `type`, kFloat or
// kBFloat16; kBFloat16 gives what bf16 autocast would make of the floats.
at::Tensor normalize(const at::Tensor& pixels, const PreprocessConfig& config, c10::Device device,
                     c10::ScalarType type = c10::ScalarType::Float);

}  // namespace dermatome
