// How images become the image tower's pixels.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace dermatome {

class JsonObject;

// The defaults are OpenAI's, as in open_clip.
struct PreprocessConfig {
  std::array<double, 3> mean = {0.48145466, 0.4578275, 0.40821073};  // RGB, of pixels in [0, 1]
  std::array<double, 3> std = {0.26862954, 0.26130258, 0.27577711};
  std::string interpolation = "bicubic";  // bicubic | bilinear
  std::string resize_mode = "shortest";   // shortest (then center crop) | squash
};

// Reads open_clip's preprocess_cfg of a model with square images of `image_size`. Throws DataError
// naming file and key.
PreprocessConfig read_preprocess_config(JsonObject section, int64_t image_size);
nlohmann::ordered_json preprocess_config_json(const PreprocessConfig& config);

}  // namespace dermatome
