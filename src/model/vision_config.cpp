#include "src/model/vision_config.h"

#include <nlohmann/json.hpp>

#include "src/core/text.h"
#include "src/model/config_json.h"

namespace dermatome {

using nlohmann::json;

VisionConfig read_vision_config(JsonObject section) {
  VisionConfig config;
  require_default(section, {{"timm_model_name", nullptr}});
  read_side(section, "image_size", config.image_size);
  read_side(section, "patch_size", config.patch_size);
  read_size(section, "width", config.width);
  read_size(section, "layers", config.layers);
  read_size(section, "head_width", config.head_width);
  read_mlp_ratio(section, config.width, config.mlp_ratio);
  require_default_attention(section);
  require_default(section, {{"act_kwargs", json::object()},
                            {"norm_kwargs", json::object()},
                            {"ls_init_value", nullptr},
                            {"patch_dropout", 0.0},
                            {"attentional_pool", false},
                            {"no_ln_pre", false},
                            {"pos_embed_type", "learnable"},
                            {"final_ln_after_pool", false},
                            {"pool_type", "tok"}});
  section.ignore({"attn_pooler_queries", "attn_pooler_heads", "output_tokens",
                  "timm_model_pretrained", "timm_pool", "timm_proj", "timm_proj_bias", "timm_drop",
                  "timm_drop_path"});
  section.finish(kUnknownKeyRemedy);
  if (config.patch_size > config.image_size) {
    section.fail("patch_size", text("is larger than the image, ", config.image_size));
  }
  if (config.heads() < 1 || config.width % config.heads() != 0) {
    section.fail("head_width",
                 text("does not divide the width, ", config.width, ", into equal heads"));
  }
  return config;
}

nlohmann::ordered_json vision_config_json(const VisionConfig& config) {
  return {{"image_size", config.image_size}, {"layers", config.layers},
          {"width", config.width},           {"head_width", config.head_width},
          {"mlp_ratio", config.mlp_ratio},   {"patch_size", config.patch_size}};
}

}  // namespace dermatome
