// open_clip's hub layout: a directory with open_clip_config.json and open_clip_model.safetensors.
// weights.h reads its weights. With a BERT as text tower there is also its config.json
// (bert_config.h), and if the tokenizer is known its files: then the directory is all that
// Dermatome needs, and open_clip finds the tokenizer there, but looks up the config.json by
// hf_model_name.
#pragma once

#include <filesystem>

#include "src/model/clip.h"
#include "src/text/tokenizer.h"
#include "src/weights/safetensors.h"

namespace dermatome {

inline const char* const kConfigFile = "open_clip_config.json";
inline const char* const kWeightsFile = "open_clip_model.safetensors";

// The configuration of a hub-layout directory.
ClipConfig read_hub_config(const std::filesystem::path& directory);

// Writes the files into `directory` (which exists).
void write_hub(const Clip& model, const std::filesystem::path& directory,
               const Tokenizer* tokenizer = nullptr);

// The same for weights of any floating-point type, by open_clip's names.
void write_hub(const ClipConfig& config, const NamedTensors& weights,
               const std::filesystem::path& directory);

// All parameters of `model`, by open_clip's names.
NamedTensors named_tensors(const Clip& model);

}  // namespace dermatome
