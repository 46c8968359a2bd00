#include "src/model/bert_config.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/text.h"
#include "src/model/config_json.h"
#include "src/model/mlp_ratio.h"
#include "src/model/text_config.h"

namespace dermatome {
namespace {

using nlohmann::json;

// What a value is called in a file; the first name of a value is the one that is written.
template <typename T>
using Names = std::vector<std::pair<const char*, T>>;

const Names<BertPooler>& pooler_names() {
  static const Names<BertPooler> names = {
      {"mean_pooler", BertPooler::kMean},
      {"cls_pooler", BertPooler::kCls},
      {"cls_last_hidden_state_pooler", BertPooler::kClsLastHidden}};
  return names;
}

const Names<BertProjection>& projection_names() {
  static const Names<BertProjection> names = {{"linear", BertProjection::kLinear},
                                              {"mlp", BertProjection::kMlp}};
  return names;
}

const Names<Activation>& activation_names() {
  static const Names<Activation> names = {{"gelu", Activation::kGelu},
                                          {"gelu_new", Activation::kTanhGelu},
                                          {"gelu_pytorch_tanh", Activation::kTanhGelu},
                                          {"quick_gelu", Activation::kQuickGelu}};
  return names;
}

template <typename T>
void read_name(JsonObject& object, const std::string& key, const Names<T>& names, T& out) {
  if (object.find(key).is_null()) return;
  const auto name = object.get<std::string>(key);
  json known = json::array();
  for (const auto& [each, value] : names) {
    if (name == each) {
      out = value;
      return;
    }
    known.push_back(each);
  }
  object.fail(key, text("must be one of ", known.dump(), ": nothing else is implemented"));
}

template <typename T>
const char* name_of(const Names<T>& names, T value) {
  return std::ranges::find(names, value, [](const auto& each) { return each.second; })->first;
}

// Keys of text_cfg that open_clip does not use for a text tower of transformers.
void ignore_keys_of_other_towers(JsonObject& section) {
  section.ignore({"vocab_size",
                  "width",
                  "heads",
                  "layers",
                  "mlp_ratio",
                  "ls_init_value",
                  "embed_cls",
                  "no_causal_mask",
                  "final_ln_after_pool",
                  "pool_type",
                  "proj_type",
                  "proj_bias",
                  "pad_id",
                  "eos_id",
                  "output_tokens",
                  "block_type",
                  "qk_norm",
                  "scaled_cosine_attn",
                  "scale_heads",
                  "scale_attn",
                  "scale_attn_inner",
                  "scale_fc",
                  "act_kwargs",
                  "norm_kwargs",
                  "hf_model_pretrained"});
}

void check_kind(JsonObject& file) {
  const auto kind = file.get<std::string>("model_type");
  if (kind != "bert") {
    file.fail("model_type",
              "is another kind of model; of transformers' text models only BERT, \"bert\", is "
              "implemented");
  }
  require_default(file, {{"position_embedding_type", "absolute"},
                         {"is_decoder", false},
                         {"add_cross_attention", false},
                         {"pruned_heads", json::object()}});
}

void read_numbers(JsonObject file, TextConfig& config) {
  check_kind(file);
  BertConfig& bert = *config.bert;
  config.vocab_size = 30522;
  config.width = 768;
  config.layers = config.heads = 12;
  int64_t hidden = 3072;
  read_size(file, "vocab_size", config.vocab_size);
  read_size(file, "hidden_size", config.width);
  read_size(file, "num_hidden_layers", config.layers);
  read_size(file, "num_attention_heads", config.heads);
  read_size(file, "intermediate_size", hidden);
  read_size(file, "max_position_embeddings", bert.positions);
  read_size(file, "type_vocab_size", bert.token_types);
  config.mlp_ratio = mlp_ratio_of(hidden, config.width);
  if (config.width % config.heads != 0) {
    file.fail("num_attention_heads",
              text("do not divide hidden_size, ", config.width, ", into equal heads"));
  }
  if (config.context_length > bert.positions) {
    file.fail("max_position_embeddings", text("is smaller than text_cfg.context_length, ",
                                              config.context_length, "; lower that one"));
  }
  read_name(file, "hidden_act", activation_names(), bert.activation);
  file.read("pad_token_id", bert.pad_id);
  if (bert.pad_id < 0 || bert.pad_id >= config.vocab_size) {
    file.fail("pad_token_id", text("must be one of the ", config.vocab_size, " tokens"));
  }
  for (const auto& [key, number] : {std::pair("layer_norm_eps", &bert.norm_eps),
                                    {"initializer_range", &bert.initial_deviation}}) {
    file.read(key, *number);
    if (!(*number > 0)) file.fail(key, "must be positive");
  }
  double of_hidden = 0.1, of_attention = 0.1;
  file.read("hidden_dropout_prob", of_hidden);
  file.read("attention_probs_dropout_prob", of_attention);
  bert.dropout = std::max(of_hidden, of_attention);
}

}  // namespace

TextConfig read_bert_text_config(JsonObject section) {
  TextConfig config;
  BertConfig bert;
  bert.model_name = section.get<std::string>("hf_model_name");
  bert.tokenizer_name = bert.model_name;
  section.read("hf_tokenizer_name", bert.tokenizer_name);
  read_size(section, "context_length", config.context_length);
  // A null differs from a missing key: open_clip makes no projection, and no layer for pooling.
  if (section.contains("hf_pooler_type")) bert.pooler = BertPooler::kClsLastHidden;
  if (section.contains("hf_proj_type")) bert.projection = BertProjection::kNone;
  read_name(section, "hf_pooler_type", pooler_names(), bert.pooler);
  read_name(section, "hf_proj_type", projection_names(), bert.projection);
  require_default(section, {{"tokenizer_mode", ""}, {"tokenizer_kwargs", json::object()}});
  ignore_keys_of_other_towers(section);
  section.finish(kUnknownKeyRemedy);
  config.bert = std::move(bert);
  return config;
}

nlohmann::ordered_json bert_text_config_json(const TextConfig& config) {
  const BertConfig& bert = *config.bert;
  return {{"context_length", config.context_length},
          {"hf_model_name", bert.model_name},
          {"hf_tokenizer_name", bert.tokenizer_name},
          {"hf_model_pretrained", false},
          {"hf_pooler_type", name_of(pooler_names(), bert.pooler)},
          {"hf_proj_type", bert.projection == BertProjection::kNone
                               ? json()
                               : json(name_of(projection_names(), bert.projection))},
          {"vocab_size", config.vocab_size},
          {"width", config.width},
          {"heads", config.heads},
          {"layers", config.layers},
          {"mlp_ratio", config.mlp_ratio}};
}

void read_bert_numbers(const std::filesystem::path& path, TextConfig& config) {
  require(config.bert.has_value(), "the numbers of a BERT for another text tower");
  const std::string content = read_file(path);
  try {
    const json document = parse_json(content, path.string());
    read_numbers(JsonObject(path.string(), "", document), config);
  } catch (const DataError& error) {
    throw ConfigError(error.what());
  }
}

std::string bert_numbers_json(const TextConfig& config) {
  const BertConfig& bert = *config.bert;
  const nlohmann::ordered_json document = {
      {"architectures", {"BertModel"}},
      {"model_type", "bert"},
      {"vocab_size", config.vocab_size},
      {"hidden_size", config.width},
      {"num_hidden_layers", config.layers},
      {"num_attention_heads", config.heads},
      {"intermediate_size", config.mlp_width()},
      {"hidden_act", name_of(activation_names(), bert.activation)},
      {"hidden_dropout_prob", bert.dropout},
      {"attention_probs_dropout_prob", bert.dropout},
      {"max_position_embeddings", bert.positions},
      {"type_vocab_size", bert.token_types},
      {"initializer_range", bert.initial_deviation},
      {"layer_norm_eps", bert.norm_eps},
      {"pad_token_id", bert.pad_id},
      {"position_embedding_type", "absolute"}};
  return document.dump(2) + "\n";
}

}  // namespace dermatome
