#include "src/model/timm_vision.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "src/core/joined.h"
#include "src/core/text.h"
#include "src/model/config_json.h"

namespace dermatome {
namespace {

// timm's numbers. All have heads of width 64 and MLPs of four times the width.
struct TimmModel {
  std::string_view name;
  int64_t image_size, patch_size, width, layers;
};

constexpr TimmModel kTimmModels[] = {
    {"vit_small_patch16_224", 224, 16, 384, 12},
    {"vit_base_patch16_224", 224, 16, 768, 12},
    {"vit_large_patch16_224", 224, 16, 1024, 24},
};

void read_timm_name(JsonObject& section, VisionConfig& config) {
  config.timm_model_name = section.get<std::string>("timm_model_name");
  // Behind a dot timm names the weights that it would download.
  const std::string_view name =
      std::string_view(config.timm_model_name).substr(0, config.timm_model_name.find('.'));
  const auto* found = std::ranges::find(kTimmModels, name, &TimmModel::name);
  if (found == std::end(kTimmModels)) {
    section.fail("timm_model_name",
                 text("is not implemented; of timm's models, these are: ",
                      joined(kTimmModels, [](const TimmModel& m) { return std::string(m.name); })));
  }
  config.image_size = found->image_size;
  config.patch_size = found->patch_size;
  config.width = found->width;
  config.layers = found->layers;
  int64_t image_size = config.image_size;
  read_side(section, "image_size", image_size);
  if (image_size != config.image_size) {
    section.fail("image_size", text("must be that of the timm model, ", config.image_size));
  }
}

ImageHead read_timm_head(JsonObject& section) {
  std::string projection = section.contains("timm_proj") ? "" : "linear";  // null is like ""
  section.read("timm_proj", projection);
  if (projection.empty()) return ImageHead::kClassifier;
  if (projection == "linear") return ImageHead::kLinear;
  if (projection == "mlp") return ImageHead::kMlp;
  if (projection == "none") return ImageHead::kNone;
  section.fail("timm_proj", "must be linear, mlp, none, or empty");
}

void read_timm_pooling(JsonObject& section, VisionConfig& config) {
  std::string pool = section.contains("timm_pool") ? "" : "avg";
  section.read("timm_pool", pool);
  const bool own_head = config.head == ImageHead::kClassifier || config.head == ImageHead::kNone;
  if (pool == "avg") {
    config.pooling = ImagePooling::kMeanOfPatches;
    if (own_head) config.final_norm = FinalNorm::kAfterPooling;
  } else if (pool.empty() && own_head) {
    section.fail("timm_pool", "must be token or avg, because timm_proj names no projection");
  } else if (!pool.empty() && pool != "token") {
    section.fail("timm_pool", "must be token, avg, or empty: nothing else is implemented");
  }
}

const char* projection_name(ImageHead head) {
  switch (head) {
    case ImageHead::kLinear:
      return "linear";
    case ImageHead::kMlp:
      return "mlp";
    case ImageHead::kNone:
      return "none";
    default:
      return "";
  }
}

}  // namespace

VisionConfig read_timm_vision(JsonObject section, int64_t embed_dim) {
  VisionConfig config;
  config.family = VisionFamily::kTimm;
  config.patch_bias = true;
  config.pre_norm = false;
  config.norm_eps = 1e-6;
  read_timm_name(section, config);
  config.head = read_timm_head(section);
  if (config.head == ImageHead::kNone && config.width != embed_dim) {
    section.fail("timm_proj", text("needs embeddings of the tower's width, ", config.width,
                                   ", not of ", embed_dim));
  }
  read_timm_pooling(section, config);
  section.read("timm_proj_bias", config.head_bias);
  require_default(section, {{"timm_drop", 0.0}, {"timm_drop_path", 0.0}, {"patch_dropout", 0.0}});
  // TimmModel has no use for what describes open_clip's own towers.
  section.ignore({"timm_model_pretrained",
                  "layers",
                  "width",
                  "head_width",
                  "mlp_ratio",
                  "patch_size",
                  "ls_init_value",
                  "attentional_pool",
                  "attn_pooler_queries",
                  "attn_pooler_heads",
                  "no_ln_pre",
                  "pos_embed_type",
                  "final_ln_after_pool",
                  "pool_type",
                  "output_tokens",
                  "act_kwargs",
                  "norm_kwargs",
                  "block_type",
                  "qk_norm",
                  "scaled_cosine_attn",
                  "scale_heads",
                  "scale_attn_inner",
                  "scale_attn",
                  "scale_fc"});
  section.finish(kUnknownKeyRemedy);
  return config;
}

nlohmann::ordered_json timm_vision_json(const VisionConfig& config) {
  const bool is_mean = config.pooling == ImagePooling::kMeanOfPatches;
  return {{"image_size", config.image_size},
          {"timm_model_name", config.timm_model_name},
          {"timm_model_pretrained", false},
          {"timm_pool", is_mean ? "avg" : "token"},
          {"timm_proj", projection_name(config.head)},
          {"timm_proj_bias", config.head_bias}};
}

}  // namespace dermatome
