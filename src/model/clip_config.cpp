#include "src/model/clip_config.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "src/core/error.h"
#include "src/core/file.h"
#include "src/model/config_json.h"

namespace dermatome {
namespace {

using nlohmann::json;

void read_model(JsonObject section, ClipConfig& config) {
  if (!section.has("embed_dim")) section.fail("embed_dim", "is needed");
  read_size(section, "embed_dim", config.embed_dim);
  section.read("quick_gelu", config.quick_gelu);
  config.vision = read_vision_config(section.object("vision_cfg"), config.embed_dim);
  if (config.quick_gelu && config.vision.tanh_gelu) {
    section.fail("quick_gelu", "cannot be true where vision_cfg.act_kwargs approximates GELU");
  }
  config.text = read_text_config(section.object("text_cfg"));
  // Whether the text tower is a part of its own, which open_clip makes of a BERT in any case.
  section.ignore({"custom_text"});
  if (!config.text.bert) require_default(section, {{"custom_text", false}});
  require_default(section, {{"nonscalar_logit_scale", false},
                            {"init_logit_scale", nullptr},
                            {"init_logit_bias", nullptr},
                            {"multimodal_cfg", nullptr}});
  section.finish(kUnknownKeyRemedy);
}

ClipConfig read_document(JsonObject file) {
  ClipConfig config;
  if (!file.has("model_cfg")) {
    read_model(std::move(file), config);
    return config;
  }
  read_model(file.object("model_cfg"), config);
  if (file.has("preprocess_cfg")) {
    config.preprocess =
        read_preprocess_config(file.object("preprocess_cfg"), config.vision.image_size);
  }
  file.finish(kUnknownKeyRemedy);
  return config;
}

}  // namespace

Activation ClipConfig::image_activation() const {
  if (vision.tanh_gelu) return Activation::kTanhGelu;
  return vision.family == VisionFamily::kOpenClip ? activation() : Activation::kGelu;
}

ClipConfig read_clip_config(const std::filesystem::path& path) {
  const std::string content = read_file(path);
  try {
    const json document = parse_json(content, path.string());
    return read_document(JsonObject(path.string(), "", document));
  } catch (const DataError& error) {
    throw ConfigError(error.what());
  }
}

std::string hub_config_json(const ClipConfig& config) {
  nlohmann::ordered_json document;
  document["model_cfg"] = {{"embed_dim", config.embed_dim},
                           {"quick_gelu", config.quick_gelu},
                           {"vision_cfg", vision_config_json(config.vision)},
                           {"text_cfg", text_config_json(config.text)}};
  document["preprocess_cfg"] = preprocess_config_json(config.preprocess);
  return document.dump(2) + "\n";
}

std::string config_identity(const ClipConfig& config) {
  if (!config.text.bert) return hub_config_json(config);
  ClipConfig unnamed = config;
  unnamed.text.bert->model_name = unnamed.text.bert->tokenizer_name = "";
  return hub_config_json(unnamed) + bert_numbers_json(unnamed.text);
}

}  // namespace dermatome
