// Features of image files and texts, without gradients.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <string>

#include "src/config/options.h"
#include "src/model/clip.h"
#include "src/text/tokenizer.h"

namespace dermatome {

// [n, d] fp32 on the model's device, L2-normalised; evaluation preprocessing, batch_size files at a
// time. Throws DataError naming the file.
at::Tensor encode_image_files(const Clip& model, std::span<const std::string> paths,
                              int64_t batch_size, Precision precision);

// [n, d], likewise.
at::Tensor encode_texts(const Clip& model, const Tokenizer& tokenizer,
                        std::span<const std::string> texts, int64_t batch_size,
                        Precision precision);

}  // namespace dermatome
