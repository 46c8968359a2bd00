// The architecture of an image tower.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>

namespace dermatome {

class JsonObject;

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

// Reads open_clip's vision_cfg. Throws DataError naming file and key.
VisionConfig read_vision_config(JsonObject section);
nlohmann::ordered_json vision_config_json(const VisionConfig& config);

}  // namespace dermatome
