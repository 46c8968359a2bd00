// The architecture of a text tower.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "src/model/bert_config.h"

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
  // A BERT of these sizes; nullopt: CLIP's own causal tower.
  std::optional<BertConfig> bert = std::nullopt;
};

// Reads open_clip's text_cfg. Of a BERT it holds no numbers: read_bert_numbers() reads them, and
// read_description() in src/weights both. Throws DataError naming file and key.
TextConfig read_text_config(JsonObject section);
nlohmann::ordered_json text_config_json(const TextConfig& config);

// Beside a model's weights and `quick_gelu`, what the features of a text's tokens depend on, and no
// name of a file.
std::string text_identity(const TextConfig& config, bool quick_gelu);

}  // namespace dermatome
