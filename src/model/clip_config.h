// The architecture of a CLIP model, read from open_clip's model configuration JSON (its model_cfg)
// and, for the hub layout, open_clip_config.json (model_cfg and preprocess_cfg).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "src/model/activation.h"
#include "src/model/preprocess_config.h"
#include "src/model/text_config.h"
#include "src/model/vision_config.h"

namespace dermatome {

struct ClipConfig {
  int64_t embed_dim = 512;
  bool quick_gelu = false;
  VisionConfig vision;
  TextConfig text;
  PreprocessConfig preprocess;
  // Of the text tower's blocks.
  Activation activation() const { return quick_gelu ? Activation::kQuickGelu : Activation::kGelu; }
  // Of the image tower's blocks: as in open_clip, quick_gelu concerns its own towers only.
  Activation image_activation() const;
};

// Reads a bare model configuration, or a hub file with model_cfg (and preprocess_cfg). Keys that
// would change the computation in a way Dermatome does not implement (a ResNet, attentional
// pooling, a text pooling other than argmax, custom attention, …) throw ConfigError naming file and
// key; so do unknown keys and impossible sizes. A file that cannot be read throws DataError. A BERT
// has no numbers yet: use read_description() in src/weights, which finds them too.
ClipConfig read_clip_config(const std::filesystem::path& path);

// open_clip_config.json for the hub layout.
std::string hub_config_json(const ClipConfig& config);

// The same, with all that the model computes with, but no names of files: equal for configurations
// that describe the same model.
std::string config_identity(const ClipConfig& config);

}  // namespace dermatome
