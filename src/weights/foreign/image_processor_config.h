// How transformers' CLIPImageProcessor prepares images, from the file that it is saved to.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "src/model/clip_config.h"

namespace dermatome {

// The preprocessing that `folder` describes for a model of this image size: the object
// "image_processor" in processor_config.json, else preprocessor_config.json; nullopt if there is
// neither. A missing key has transformers' default, which is OpenAI's preprocessing. Throws
// DataError naming the file and the key for what Dermatome does not implement: another processor
// than CLIP's, a center crop of another size than the resized side, no resizing, other filters.
std::optional<PreprocessConfig> read_image_processor(const std::filesystem::path& folder,
                                                     int64_t image_size);

}  // namespace dermatome
