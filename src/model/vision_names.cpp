#include "src/model/vision_names.h"

namespace dermatome {
namespace {

VisionNames open_clip_names(const VisionConfig& config) {
  return {.class_token = "visual.class_embedding",
          .positions = "visual.positional_embedding",
          .has_batch_axis = false,
          .matrix = "visual.proj",
          .patch = "visual.conv1",
          .pre_norm = "visual.ln_pre",
          .blocks = "visual.transformer.resblocks.",
          .block = open_clip_block(config.layer_scale.has_value()),
          .final_norm = "visual.ln_post",
          .head = {}};
}

// timm's names, which PanDerm's are too except in the blocks.
VisionNames timm_names(const std::string& prefix, const BlockNames& block) {
  return {.class_token = prefix + "cls_token",
          .positions = prefix + "pos_embed",
          .has_batch_axis = true,
          .matrix = {},
          .patch = prefix + "patch_embed.proj",
          .pre_norm = prefix + "norm_pre",
          .blocks = prefix + "blocks.",
          .block = block,
          .final_norm = prefix + "norm",
          .head = {}};
}

std::vector<std::string> timm_head(ImageHead head) {
  switch (head) {
    case ImageHead::kClassifier:
      return {"visual.trunk.head"};
    case ImageHead::kLinear:
      return {"visual.head.proj"};
    case ImageHead::kMlp:
      return {"visual.head.mlp.fc1", "visual.head.mlp.fc2"};
    default:
      return {};
  }
}

}  // namespace

VisionNames vision_names(const VisionConfig& config) {
  if (config.family == VisionFamily::kOpenClip) return open_clip_names(config);
  if (config.family == VisionFamily::kPanDerm) {
    VisionNames names = timm_names("visual.", panderm_block());
    names.head = {"visual.head"};
    return names;
  }
  VisionNames names = timm_names("visual.trunk.", timm_block());
  if (config.final_norm == FinalNorm::kAfterPooling) names.final_norm = "visual.trunk.fc_norm";
  names.head = timm_head(config.head);
  return names;
}

}  // namespace dermatome
