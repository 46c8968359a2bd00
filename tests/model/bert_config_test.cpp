#include "src/model/bert_config.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/strict_json.h"
#include "src/core/text.h"
#include "src/model/clip_config.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

// As of PubMedBERT, with other numbers where they matter.
json numbers() {
  return {{"architectures", json::array({"BertForMaskedLM"})},
          {"attention_probs_dropout_prob", 0.2},
          {"hidden_act", "gelu_new"},
          {"hidden_dropout_prob", 0},
          {"hidden_size", 48},
          {"initializer_range", 0.01},
          {"intermediate_size", 100},
          {"layer_norm_eps", 1e-6},
          {"max_position_embeddings", 300},
          {"model_type", "bert"},
          {"num_attention_heads", 4},
          {"num_hidden_layers", 3},
          {"pad_token_id", 7},
          {"transformers_version", "4.0"},
          {"type_vocab_size", 3},
          {"vocab_size", 1000}};
}

json model() {
  return {{"embed_dim", 32},
          {"custom_text", true},
          {"vision_cfg", {{"image_size", 32}, {"layers", 1}, {"width", 64}, {"patch_size", 16}}},
          {"text_cfg",
           {{"hf_model_name", "microsoft/BiomedBERT"},
            {"hf_tokenizer_name", "microsoft/tokenizer"},
            {"hf_model_pretrained", true},
            {"tokenizer_kwargs", json::object()},
            {"hf_pooler_type", "cls_last_hidden_state_pooler"},
            {"hf_proj_type", "linear"},
            {"context_length", 256}}}};
}

class BertConfigTest : public ::testing::Test {
 protected:
  ClipConfig read(const json& model_cfg, const json& config) const {
    write_file_atomically(folder_ / "open_clip_config.json", model_cfg.dump());
    write_file_atomically(folder_ / "config.json", config.dump());
    ClipConfig result = read_clip_config(folder_ / "open_clip_config.json");
    read_bert_numbers(folder_ / "config.json", result.text);
    return result;
  }

  std::string refusal(const json& model_cfg, const json& config) const {
    try {
      read(model_cfg, config);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  }

  const std::filesystem::path folder_ = scratch_folder();
};

TEST_F(BertConfigTest, ReadsBothFiles) {
  const ClipConfig config = read(model(), numbers());
  const TextConfig& text = config.text;
  EXPECT_EQ(text.context_length, 256);
  EXPECT_EQ(text.vocab_size, 1000);
  EXPECT_EQ(text.width, 48);
  EXPECT_EQ(text.heads, 4);
  EXPECT_EQ(text.layers, 3);
  EXPECT_EQ(text.mlp_width(), 100);
  ASSERT_TRUE(text.bert);
  EXPECT_EQ(text.bert->model_name, "microsoft/BiomedBERT");
  EXPECT_EQ(text.bert->tokenizer_name, "microsoft/tokenizer");
  EXPECT_EQ(text.bert->pooler, BertPooler::kClsLastHidden);
  EXPECT_EQ(text.bert->projection, BertProjection::kLinear);
  EXPECT_EQ(text.bert->activation, Activation::kTanhGelu);
  EXPECT_EQ(text.bert->norm_eps, 1e-6);
  EXPECT_EQ(text.bert->initial_deviation, 0.01);
  EXPECT_EQ(text.bert->dropout, 0.2);
  EXPECT_EQ(text.bert->positions, 300);
  EXPECT_EQ(text.bert->token_types, 3);
  EXPECT_EQ(text.bert->pad_id, 7);
}

TEST_F(BertConfigTest, HasTheDefaultsOfOpenClipAndTransformers) {
  json short_model = model();
  short_model["text_cfg"] = {{"hf_model_name", "neuml/pubmedbert-base-embeddings"}};
  const TextConfig text = read(short_model, {{"model_type", "bert"}}).text;
  EXPECT_EQ(text.context_length, 77);
  EXPECT_EQ(text.vocab_size, 30522);
  EXPECT_EQ(text.width, 768);
  EXPECT_EQ(text.heads, 12);
  EXPECT_EQ(text.layers, 12);
  EXPECT_EQ(text.mlp_width(), 3072);
  EXPECT_EQ(text.bert->tokenizer_name, "neuml/pubmedbert-base-embeddings");
  EXPECT_EQ(text.bert->pooler, BertPooler::kMean);
  EXPECT_EQ(text.bert->projection, BertProjection::kMlp);
  EXPECT_EQ(text.bert->activation, Activation::kGelu);
  EXPECT_EQ(text.bert->norm_eps, 1e-12);
  EXPECT_EQ(text.bert->positions, 512);
}

TEST_F(BertConfigTest, TakesNullForNoLayer) {
  json null_model = model();
  null_model["text_cfg"]["hf_proj_type"] = null_model["text_cfg"]["hf_pooler_type"] = nullptr;
  const ClipConfig config = read(null_model, numbers());
  EXPECT_EQ(config.text.bert->pooler, BertPooler::kClsLastHidden);
  EXPECT_EQ(config.text.bert->projection, BertProjection::kNone);
  const ClipConfig again = read(json::parse(hub_config_json(config)), numbers());
  EXPECT_EQ(again.text.bert->projection, BertProjection::kNone);
}

TEST_F(BertConfigTest, ComesBackFromTheFilesOfACheckpoint) {
  const ClipConfig config = read(model(), numbers());
  const ClipConfig again =
      read(json::parse(hub_config_json(config)), json::parse(bert_numbers_json(config.text)));
  EXPECT_EQ(hub_config_json(again), hub_config_json(config));
  EXPECT_EQ(bert_numbers_json(again.text), bert_numbers_json(config.text));
  EXPECT_EQ(config_identity(again), config_identity(config));
}

TEST_F(BertConfigTest, IsTheSameModelUnderAnyNameButNotWithOtherNumbers) {
  const ClipConfig config = read(model(), numbers());
  json renamed = model();
  renamed["text_cfg"]["hf_model_name"] = "/a/folder";
  EXPECT_EQ(config_identity(read(renamed, numbers())), config_identity(config));
  for (const auto& [key, value] : std::vector<std::pair<std::string, json>>{
           {"hidden_act", "gelu"}, {"layer_norm_eps", 1e-12}, {"num_attention_heads", 2}}) {
    json changed = numbers();
    changed[key] = value;
    const ClipConfig other = read(model(), changed);
    EXPECT_NE(config_identity(other), config_identity(config)) << key;
    EXPECT_NE(text_identity(other.text, false), text_identity(config.text, false)) << key;
  }
}

TEST_F(BertConfigTest, RefusesNumbersByFileAndKey) {
  for (const auto& [key, value] :
       std::vector<std::pair<std::string, json>>{{"model_type", "roberta"},
                                                 {"model_type", nullptr},
                                                 {"position_embedding_type", "relative_key"},
                                                 {"is_decoder", true},
                                                 {"hidden_act", "relu"},
                                                 {"hidden_size", 0},
                                                 {"num_attention_heads", 5},
                                                 {"max_position_embeddings", 255},
                                                 {"pad_token_id", 1000},
                                                 {"pad_token_id", -1},
                                                 {"layer_norm_eps", 0},
                                                 {"vocab_size", "many"}}) {
    json changed = numbers();
    changed[key] = value;
    const std::string message = refusal(model(), changed);
    EXPECT_THAT(message, HasSubstr(text("config.json: ", key))) << value;
  }
}

TEST_F(BertConfigTest, RefusesKeysOfTextCfg) {
  for (const auto& [key, value] :
       std::vector<std::pair<std::string, json>>{{"hf_pooler_type", "max_pooler"},
                                                 {"hf_proj_type", "none"},
                                                 {"tokenizer_kwargs", {{"strip_sep_token", true}}},
                                                 {"tokenizer_mode", "clips"},
                                                 {"context_length", 0},
                                                 {"pooler", "mean"}}) {
    json changed = model();
    changed["text_cfg"][key] = value;
    EXPECT_THAT(refusal(changed, numbers()), HasSubstr(text("text_cfg.", key))) << value;
  }
}

}  // namespace
}  // namespace dermatome
