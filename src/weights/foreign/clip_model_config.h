// The architecture of a CLIPModel of transformers, from its config.json.
#pragma once

#include <filesystem>

#include "src/model/clip_config.h"

namespace dermatome {

// Throws ConfigError that says what it is unless `path` is the config.json of a CLIPModel.
void require_clip_model(const std::filesystem::path& path);

// Reads config.json, and the preprocessing from the files beside it (image_processor_config.h); if
// there are none it is OpenAI's, with a warning. A missing key has transformers' default, and keys
// that do not change what a model computes are passed over. Throws ConfigError naming file and key
// for another model, for what Dermatome does not implement, and for impossible sizes.
ClipConfig read_clip_model_config(const std::filesystem::path& path);

}  // namespace dermatome
