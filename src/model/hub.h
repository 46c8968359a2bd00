// open_clip's hub layout: a directory with open_clip_config.json and open_clip_model.safetensors.
#pragma once

#include <filesystem>

#include "src/model/clip.h"

namespace dermatome {

// The configuration of a hub-layout directory.
ClipConfig read_hub_config(const std::filesystem::path& directory);

// Copies weights into `model` from a hub-layout directory or a .safetensors file; names and shapes
// must match exactly. Throws DataError naming the first missing, unexpected or misshapen tensor.
void load_weights(Clip& model, const std::filesystem::path& path);

// Writes both files into `directory` (which exists).
void write_hub(const Clip& model, const std::filesystem::path& directory);

}  // namespace dermatome
