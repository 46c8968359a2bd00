#include "src/model/vision_config.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "src/core/text.h"
#include "src/model/config_json.h"
#include "src/model/panderm_vision.h"
#include "src/model/timm_vision.h"

namespace dermatome {
namespace {

using nlohmann::json;

void read_positions(JsonObject& section, VisionConfig& config) {
  std::string type = "learnable";
  section.read("pos_embed_type", type);
  if (type == "learnable") return;
  if (type != "sin_cos_2d") section.fail("pos_embed_type", "must be learnable or sin_cos_2d");
  if (config.width % 4 != 0) {
    section.fail("pos_embed_type", text("needs a width that 4 divides, not ", config.width));
  }
  config.positions = ImagePositions::kFixedColumnsFirst;
}

void read_pooling(JsonObject& section, VisionConfig& config) {
  std::string type = "tok";
  bool norm_is_last = false;
  section.read("pool_type", type);
  section.read("final_ln_after_pool", norm_is_last);
  if (type == "avg") {
    config.pooling = ImagePooling::kMeanOfPatches;
  } else if (type != "tok") {
    section.fail("pool_type", "must be tok or avg: nothing else is implemented");
  }
  if (norm_is_last) config.final_norm = FinalNorm::kAfterPooling;
}

VisionConfig read_open_clip_vision(JsonObject section) {
  VisionConfig config;
  read_vision_sizes(section, config);
  require_default_attention(section);
  require_default(section, {{"patch_dropout", 0.0}, {"attentional_pool", false}});
  if (section.has("ls_init_value")) config.layer_scale = section.get<double>("ls_init_value");
  read_tanh_gelu(section, config.tanh_gelu);
  read_norm_eps(section, config.norm_eps);
  read_positions(section, config);
  read_pooling(section, config);
  bool no_pre_norm = false;
  section.read("no_ln_pre", no_pre_norm);
  config.pre_norm = !no_pre_norm;
  section.ignore({"attn_pooler_queries", "attn_pooler_heads", "output_tokens", "timm_model_name",
                  "timm_model_pretrained", "timm_pool", "timm_proj", "timm_proj_bias", "timm_drop",
                  "timm_drop_path"});
  section.finish(kUnknownKeyRemedy);
  return config;
}

// Options that are not at their defaults, so that a plain tower is described as ever.
nlohmann::ordered_json open_clip_options(const VisionConfig& config) {
  nlohmann::ordered_json options = nlohmann::ordered_json::object();
  if (config.layer_scale) options["ls_init_value"] = *config.layer_scale;
  if (!config.pre_norm) options["no_ln_pre"] = true;
  if (config.positions != ImagePositions::kLearned) options["pos_embed_type"] = "sin_cos_2d";
  if (config.final_norm == FinalNorm::kAfterPooling) options["final_ln_after_pool"] = true;
  if (config.pooling == ImagePooling::kMeanOfPatches) options["pool_type"] = "avg";
  if (config.tanh_gelu) options["act_kwargs"] = {{"approximate", "tanh"}};
  if (config.norm_eps != VisionConfig().norm_eps)
    options["norm_kwargs"] = {{"eps", config.norm_eps}};
  return options;
}

}  // namespace

void read_vision_sizes(JsonObject& section, VisionConfig& config) {
  read_side(section, "image_size", config.image_size);
  read_side(section, "patch_size", config.patch_size);
  read_size(section, "width", config.width);
  read_size(section, "layers", config.layers);
  read_size(section, "head_width", config.head_width);
  read_mlp_ratio(section, config.width, config.mlp_ratio);
  if (config.patch_size > config.image_size) {
    section.fail("patch_size", text("is larger than the image, ", config.image_size));
  }
  if (config.heads() < 1 || config.width % config.heads() != 0) {
    section.fail("head_width",
                 text("does not divide the width, ", config.width, ", into equal heads"));
  }
}

nlohmann::ordered_json vision_sizes_json(const VisionConfig& config) {
  return {{"image_size", config.image_size}, {"layers", config.layers},
          {"width", config.width},           {"head_width", config.head_width},
          {"mlp_ratio", config.mlp_ratio},   {"patch_size", config.patch_size}};
}

VisionConfig read_vision_config(JsonObject section, int64_t embed_dim) {
  if (section.has("timm_model_name")) return read_timm_vision(std::move(section), embed_dim);
  if (section.contains(kPanDermKey)) return read_panderm_vision(std::move(section), embed_dim);
  return read_open_clip_vision(std::move(section));
}

nlohmann::ordered_json vision_config_json(const VisionConfig& config) {
  switch (config.family) {
    case VisionFamily::kTimm:
      return timm_vision_json(config);
    case VisionFamily::kPanDerm:
      return panderm_vision_json(config);
    case VisionFamily::kOpenClip:
      break;
  }
  nlohmann::ordered_json json = vision_sizes_json(config);
  json.update(open_clip_options(config));
  return json;
}

}  // namespace dermatome
