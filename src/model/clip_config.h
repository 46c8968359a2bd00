// The architecture of a CLIP model, read from open_clip's model configuration JSON (its model_cfg)
// and, for the hub layout, open_clip_config.json (model_cfg and preprocess_cfg).
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>

#include "src/model/activation.h"

namespace dermatome {

struct VisionConfig {
  int64_t image_size = 224;
  int64_t patch_size = 16;
  int64_t width = 768;
  int64_t layers = 12;
  int64_t head_width = 64;
  double mlp_ratio = 4.0;
  // An edge narrower than a patch is ignored, as in open_clip.
  int64_t num_patches() const { return (image_size / patch_size) * (image_size / patch_size); }
  int64_t heads() const { return width / head_width; }
  int64_t mlp_width() const { return static_cast<int64_t>(static_cast<double>(width) * mlp_ratio); }
};

struct TextConfig {
  int64_t context_length = 77;
  int64_t vocab_size = 49408;
  int64_t width = 512;
  int64_t heads = 8;
  int64_t layers = 12;
  double mlp_ratio = 4.0;
  int64_t mlp_width() const { return static_cast<int64_t>(static_cast<double>(width) * mlp_ratio); }
};

// How images become the image tower's pixels. The defaults are OpenAI's, as in open_clip.
struct PreprocessConfig {
  std::array<double, 3> mean = {0.48145466, 0.4578275, 0.40821073};  // RGB, of pixels in [0, 1]
  std::array<double, 3> std = {0.26862954, 0.26130258, 0.27577711};
  std::string interpolation = "bicubic";  // bicubic | bilinear
  std::string resize_mode = "shortest";   // shortest (then center crop) | squash
};

struct ClipConfig {
  int64_t embed_dim = 512;
  bool quick_gelu = false;
  VisionConfig vision;
  TextConfig text;
  PreprocessConfig preprocess;
  Activation activation() const { return quick_gelu ? Activation::kQuickGelu : Activation::kGelu; }
};

// Reads a bare model configuration, or a hub file with model_cfg (and preprocess_cfg). Keys that
// would change the computation in a way Dermatome does not implement (a ResNet or timm tower, a
// text pooling other than argmax, custom attention, …) throw ConfigError naming file and key; so do
// unknown keys and impossible sizes. A file that cannot be read throws DataError.
ClipConfig read_clip_config(const std::filesystem::path& path);

// open_clip_config.json for the hub layout.
std::string hub_config_json(const ClipConfig& config);

}  // namespace dermatome
