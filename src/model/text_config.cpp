#include "src/model/text_config.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "src/core/text.h"
#include "src/model/config_json.h"

namespace dermatome {

using nlohmann::json;

TextConfig read_text_config(JsonObject section) {
  if (section.has("hf_model_name")) return read_bert_text_config(std::move(section));
  TextConfig config;
  require_default(section, {{"hf_model_name", nullptr}, {"hf_tokenizer_name", nullptr}});
  read_size(section, "context_length", config.context_length);
  read_size(section, "vocab_size", config.vocab_size);
  read_size(section, "width", config.width);
  read_size(section, "heads", config.heads);
  read_size(section, "layers", config.layers);
  read_mlp_ratio(section, config.width, config.mlp_ratio);
  require_default_attention(section);
  require_default(section, {{"act_kwargs", json::object()},
                            {"norm_kwargs", json::object()},
                            {"tokenizer_mode", nullptr},
                            {"tokenizer_kwargs", json::object()},
                            {"ls_init_value", nullptr},
                            {"embed_cls", false},
                            {"no_causal_mask", false},
                            {"final_ln_after_pool", false},
                            {"pool_type", "argmax"},
                            {"proj_type", "linear"},
                            {"proj_bias", false}});
  section.ignore({"pad_id", "eos_id", "output_tokens", "hf_model_pretrained", "hf_proj_type",
                  "hf_pooler_type"});
  section.finish(kUnknownKeyRemedy);
  if (config.width % config.heads != 0) {
    section.fail("heads", text("do not divide the width, ", config.width, ", into equal heads"));
  }
  return config;
}

nlohmann::ordered_json text_config_json(const TextConfig& config) {
  if (config.bert) return bert_text_config_json(config);
  return {{"context_length", config.context_length},
          {"vocab_size", config.vocab_size},
          {"width", config.width},
          {"heads", config.heads},
          {"layers", config.layers},
          {"mlp_ratio", config.mlp_ratio}};
}

std::string text_identity(const TextConfig& config, bool quick_gelu) {
  if (!config.bert) {
    return text(quick_gelu ? 1 : 0, " ", config.heads, " ", config.context_length);
  }
  TextConfig unnamed = config;
  unnamed.bert->model_name = unnamed.bert->tokenizer_name = "";
  return text_config_json(unnamed).dump() + bert_numbers_json(unnamed);
}

}  // namespace dermatome
