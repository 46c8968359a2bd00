// The architecture of a text tower.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>

namespace dermatome {

class JsonObject;

struct TextConfig {
  int64_t context_length = 77;
  int64_t vocab_size = 49408;
  int64_t width = 512;
  int64_t heads = 8;
  int64_t layers = 12;
  double mlp_ratio = 4.0;
  int64_t mlp_width() const { return static_cast<int64_t>(static_cast<double>(width) * mlp_ratio); }
};

// Reads open_clip's text_cfg. Throws DataError naming file and key.
TextConfig read_text_config(JsonObject section);
nlohmann::ordered_json text_config_json(const TextConfig& config);

}  // namespace dermatome
