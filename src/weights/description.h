// What says how the model of some weights was built: open_clip's configuration, or the config.json
// of a model of transformers.
#pragma once

#include <filesystem>

#include "src/model/clip_config.h"

namespace dermatome {

// The file beside the weights of a model of transformers.
inline const char* const kTransformersConfig = "config.json";

// Whether `path` exists and is the configuration of a model of transformers: it names a model_type.
bool is_of_transformers(const std::filesystem::path& path);

// The model that `path` describes: a configuration of open_clip (clip_config.h), or of a CLIPModel
// (foreign/clip_model_config.h); the content tells which. Throws what their readers throw, and
// DataError that says how to get an open_clip_config.json that is missing.
ClipConfig read_description(const std::filesystem::path& path);

}  // namespace dermatome
