#include "src/export/clip_model_files.h"

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "src/core/error.h"
#include "src/core/text.h"
#include "src/export/tokenizer_files.h"

namespace dermatome {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kLayerNormEps = 1e-5;
// Pillow's numbers for ways to resize.
constexpr int kBilinear = 2;
constexpr int kBicubic = 3;

// The keys of open_clip's configuration that CLIPConfig has counterparts for. A tower that needs
// another key computes something else.
const std::set<std::string> kModelKeys = {"embed_dim", "quick_gelu", "vision_cfg", "text_cfg"};
const std::set<std::string> kVisionKeys = {"image_size", "layers",    "width",
                                           "head_width", "mlp_ratio", "patch_size"};
const std::set<std::string> kTextKeys = {"context_length", "vocab_size", "width",
                                         "heads",          "layers",     "mlp_ratio"};

std::string key_outside(const Json& section, const std::set<std::string>& known,
                        const std::string& prefix) {
  for (const auto& [key, value] : section.items()) {
    if (!known.contains(key)) return prefix + key;
  }
  return "";
}

std::string activation(const ClipConfig& config) {
  return config.quick_gelu ? "quick_gelu" : "gelu";
}

Json vision_config(const ClipConfig& config) {
  const VisionConfig& vision = config.vision;
  return {{"model_type", "clip_vision_model"},       {"hidden_size", vision.width},
          {"intermediate_size", vision.mlp_width()}, {"num_hidden_layers", vision.layers},
          {"num_attention_heads", vision.heads()},   {"image_size", vision.image_size},
          {"patch_size", vision.patch_size},         {"num_channels", 3},
          {"hidden_act", activation(config)},        {"layer_norm_eps", kLayerNormEps},
          {"projection_dim", config.embed_dim}};
}

// CLIPTextModel reads its feature at the first eos_token_id, which also pads behind it.
Json text_config(const ClipConfig& config) {
  const TextConfig& text = config.text;
  return {{"model_type", "clip_text_model"},       {"hidden_size", text.width},
          {"intermediate_size", text.mlp_width()}, {"num_hidden_layers", text.layers},
          {"num_attention_heads", text.heads},     {"max_position_embeddings", text.context_length},
          {"vocab_size", text.vocab_size},         {"hidden_act", activation(config)},
          {"layer_norm_eps", kLayerNormEps},       {"projection_dim", config.embed_dim},
          {"bos_token_id", kStartOfTextId},        {"eos_token_id", kEndOfTextId},
          {"pad_token_id", kEndOfTextId}};
}

}  // namespace

std::string inexpressible_key(const std::string& hub_config, ExportFormat format) {
  const Json model = Json::parse(hub_config).at("model_cfg");
  std::string key;
  if (has_image_tower(format)) {
    key = key_outside(model.at("vision_cfg"), kVisionKeys, "vision_cfg.");
  }
  if (key.empty() && has_text_tower(format)) {
    key = key_outside(model.at("text_cfg"), kTextKeys, "text_cfg.");
  }
  if (key.empty()) key = key_outside(model, kModelKeys, "");
  return key;
}

void check_expressible(const ClipConfig& config, ExportFormat format) {
  if (format == ExportFormat::kOpenClip) return;
  const std::string key = inexpressible_key(hub_config_json(config), format);
  if (!key.empty()) {
    throw ConfigError(text("--format ", format_name(format), " cannot hold this model: its ", key,
                           " has no counterpart in transformers' CLIPModel; --format open_clip "
                           "holds every model"));
  }
  if (has_text_tower(format) && config.text.vocab_size <= kEndOfTextId) {
    throw ConfigError(text("--format ", format_name(format), " cannot hold this model: its ",
                           "text_cfg.vocab_size of ", config.text.vocab_size,
                           " is smaller than the tokenizer's ", kEndOfTextId + 1,
                           " tokens; --format open_clip holds every model"));
  }
}

std::string clip_model_config(const ClipConfig& config, ExportFormat format,
                              const std::string& type) {
  require(format != ExportFormat::kOpenClip, "open_clip's format has no config.json");
  Json document;
  if (format == ExportFormat::kTransformers) {
    document = {{"architectures", Json::array({"CLIPModel"})},
                {"model_type", "clip"},
                {"projection_dim", config.embed_dim},
                {"text_config", text_config(config)},
                {"vision_config", vision_config(config)}};
  } else if (format == ExportFormat::kVision) {
    document = vision_config(config);
    document["architectures"] = Json::array({"CLIPVisionModelWithProjection"});
  } else {
    document = text_config(config);
    document["architectures"] = Json::array({"CLIPTextModelWithProjection"});
  }
  document["torch_dtype"] = type;
  return document.dump(2) + "\n";
}

std::string image_processor_config(const ClipConfig& config) {
  const PreprocessConfig& preprocess = config.preprocess;
  const int64_t side = config.vision.image_size;
  const Json square = {{"height", side}, {"width", side}};
  const bool crops = preprocess.resize_mode == "shortest";
  const Json shorter_side = {{"shortest_edge", side}};
  const Json document = {
      {"image_processor_type", "CLIPImageProcessor"},
      {"do_convert_rgb", true},
      {"do_resize", true},
      {"size", crops ? shorter_side : square},
      {"resample", preprocess.interpolation == "bilinear" ? kBilinear : kBicubic},
      {"do_center_crop", crops},
      {"crop_size", square},
      {"do_rescale", true},
      {"rescale_factor", 1.0 / 255.0},
      {"do_normalize", true},
      {"image_mean", preprocess.mean},
      {"image_std", preprocess.std}};
  return document.dump(2) + "\n";
}

}  // namespace dermatome
