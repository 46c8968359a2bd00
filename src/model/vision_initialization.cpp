#include "src/model/vision_initialization.h"

#include <charconv>
#include <string>

#include "src/model/vision_names.h"

namespace dermatome {
namespace {

// A parameter of a block.
struct BlockPart {
  std::string_view name;  // behind the block's own
  int64_t block = 0;
};

BlockPart part_of_block(std::string_view name, std::string_view blocks) {
  BlockPart part;
  const std::string_view behind = name.substr(blocks.size());
  const size_t dot = behind.find('.');
  std::from_chars(behind.data(), behind.data() + dot, part.block);
  part.name = behind.substr(dot + 1);
  return part;
}

// open_clip leaves the blocks as nn.MultiheadAttention and nn.Linear make them.
Distribution of_open_clip_block(std::string_view name, const VisionConfig& config) {
  const int64_t width = config.width;
  if (name == "ln_1.weight" || name == "ln_2.weight") return constant(1);
  if (name == "ls_1.gamma" || name == "ls_2.gamma") {
    return constant(*config.layer_scale);
  }
  if (name == "attn.in_proj_weight") {  // Xavier
    return uniform(std::sqrt(6.0 / static_cast<double>(width + 3 * width)));
  }
  if (name == "attn.out_proj.weight") return torch_default(width);
  if (name.starts_with("mlp.c_fc.")) return torch_default(width);
  if (name.starts_with("mlp.c_proj.")) return torch_default(config.mlp_width());
  return constant(0);  // the other biases
}

Distribution of_open_clip(std::string_view name, const VisionConfig& config) {
  if (name == "visual.conv1.weight") {
    return torch_default(3 * config.patch_size * config.patch_size);
  }
  if (name.find("ln_") != std::string_view::npos) {
    return constant(name.ends_with("weight") ? 1 : 0);
  }
  return normal(inverse_root(config.width));  // class token, positions, proj
}

// timm cuts its normal distributions off at -2 and 2, a hundred standard deviations away: they are
// normal.
constexpr double kTimmDeviation = 0.02;

// In timm's towers and PanDerm's every linear layer's weight is normal, and its bias zero.
Distribution of_timm_block(const BlockPart& part, const VisionConfig& config) {
  const std::string_view name = part.name;
  if (name.starts_with("gamma_")) return constant(*config.layer_scale);
  if (name.starts_with("norm")) return constant(name.ends_with("weight") ? 1 : 0);
  if (!name.ends_with("weight")) return constant(0);
  const bool adds = name == "attn.proj.weight" || name == "mlp.fc2.weight";
  const bool is_scaled = adds && config.family == VisionFamily::kPanDerm;
  return normal(kTimmDeviation * (is_scaled ? inverse_root(2 * (part.block + 1)) : 1.0));
}

// The layers behind timm's tower are as nn.Linear makes them.
Distribution of_head(std::string_view layer, bool is_weight, const ClipConfig& config) {
  switch (config.vision.head) {
    case ImageHead::kLinear:
      return torch_default(config.vision.width);
    case ImageHead::kMlp:
      return torch_default(layer.ends_with("fc1") ? config.vision.width : 2 * config.embed_dim);
    default:
      break;
  }
  if (!is_weight) return constant(0);
  const double factor = config.vision.family == VisionFamily::kPanDerm ? 0.001 : 1.0;
  return normal(factor * kTimmDeviation);
}

Distribution of_timm(std::string_view name, const VisionNames& names, const ClipConfig& config) {
  const VisionConfig& vision = config.vision;
  if (name == names.class_token) {
    return normal(vision.family == VisionFamily::kPanDerm ? kTimmDeviation : 1e-6);
  }
  if (name == names.positions) return normal(kTimmDeviation);
  const bool is_weight = name.ends_with(".weight");
  const std::string_view layer = name.substr(0, name.rfind('.'));
  if (layer == names.patch) {
    return torch_default(3 * vision.patch_size * vision.patch_size);
  }
  if (layer == names.final_norm) return constant(is_weight ? 1 : 0);
  return of_head(layer, is_weight, config);
}

}  // namespace

Distribution vision_distribution(std::string_view name, const ClipConfig& config) {
  const VisionNames names = vision_names(config.vision);
  const bool is_open_clip = config.vision.family == VisionFamily::kOpenClip;
  if (name.starts_with(names.blocks)) {
    const BlockPart part = part_of_block(name, names.blocks);
    return is_open_clip ? of_open_clip_block(part.name, config.vision)
                        : of_timm_block(part, config.vision);
  }
  return is_open_clip ? of_open_clip(name, config.vision) : of_timm(name, names, config);
}

}  // namespace dermatome
