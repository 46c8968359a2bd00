// A text tower of BERT's kind. open_clip's text_cfg names the model ("hf_model_name"); the numbers
// of its architecture are in BERT's own config.json, as transformers writes it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "src/model/activation.h"

namespace dermatome {

class JsonObject;
struct TextConfig;

// open_clip's hf_pooler_type: how the rows of a text's tokens become one.
enum class BertPooler {
  kMean,           // mean_pooler: their mean
  kCls,            // cls_pooler: the first one through BERT's own pooler, a linear layer and tanh
  kClsLastHidden,  // cls_last_hidden_state_pooler: the first one
};

// open_clip's hf_proj_type. None has a bias.
enum class BertProjection {
  kNone,  // null: the width is that of the features
  kLinear,
  kMlp,  // one hidden layer, as wide as the mean of its input and its output, with GELU
};

// What a BERT has beside the sizes in TextConfig.
struct BertConfig {
  // Names of open_clip's text_cfg: repositories of Hugging Face, or folders.
  std::string model_name = {};
  std::string tokenizer_name = {};
  BertPooler pooler = BertPooler::kMean;
  BertProjection projection = BertProjection::kMlp;
  // Of config.json.
  Activation activation = Activation::kGelu;
  double norm_eps = 1e-12;
  double initial_deviation = 0.02;  // standard deviation of matrices before training
  double dropout = 0.1;             // the larger of its two; for messages, the tower has none
  int64_t positions = 512;          // the longest text, in tokens, that it has positions for
  int64_t token_types = 2;
  int64_t pad_id = 0;
  // Where the tokenizer's vocabulary was found; empty: nowhere.
  std::filesystem::path vocabulary = {};
};

// Reads a text_cfg with hf_model_name; what config.json says is left at its default. Throws
// DataError naming file and key.
TextConfig read_bert_text_config(JsonObject section);
// The text_cfg again. It also has the sizes, under the keys of CLIP's own towers: open_clip reads
// and does not use them.
nlohmann::ordered_json bert_text_config_json(const TextConfig& config);

// Reads BERT's config.json into `config`. A missing key has transformers' default, and keys that do
// not change what the tower computes are passed over. Throws ConfigError naming file and key for
// other models than BERT, for what is not implemented, and for impossible sizes.
void read_bert_numbers(const std::filesystem::path& path, TextConfig& config);
// A config.json that gives the same numbers, for read_bert_numbers() and for transformers.
std::string bert_numbers_json(const TextConfig& config);

}  // namespace dermatome
