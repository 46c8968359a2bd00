#include "tests/model/vision_models.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <nlohmann/json.hpp>

#include "src/core/strict_json.h"

namespace dermatome {

using nlohmann::json;

namespace {

constexpr int64_t kEmbedDim = 20;
const json kSizes = {{"image_size", 24}, {"patch_size", 8},  {"width", 48},
                     {"layers", 2},      {"head_width", 16}, {"mlp_ratio", 2.5}};

json with(json object, const json& options) {
  object.update(options);
  return object;
}

}  // namespace

ClipConfig config_with_vision(const json& vision_cfg) {
  ClipConfig config;
  config.embed_dim = kEmbedDim;
  config.vision = read_vision_config(JsonObject("", "vision_cfg", vision_cfg), kEmbedDim);
  config.text = {.context_length = 8, .vocab_size = 10, .width = 16, .heads = 2, .layers = 1};
  return config;
}

ClipConfig tiny_open_clip(const json& options) { return config_with_vision(with(kSizes, options)); }

ClipConfig tiny_panderm() { return config_with_vision(with(kSizes, {{"pretrain_path", nullptr}})); }

ClipConfig tiny_timm(const json& options) {
  ClipConfig config =
      config_with_vision(with({{"timm_model_name", "vit_small_patch16_224"}}, options));
  config.vision.image_size = kSizes["image_size"];
  config.vision.patch_size = kSizes["patch_size"];
  config.vision.width = kSizes["width"];
  config.vision.layers = kSizes["layers"];
  config.vision.head_width = kSizes["head_width"];
  return config;
}

Clip waved_model(const ClipConfig& config, CheckpointedBlocks checkpointed) {
  Clip model(config, at::kCPU, checkpointed);
  model.initialize(3);
  const at::NoGradGuard no_grad;
  double factor = 0.7;
  for (const NamedParameter& parameter : model.trained_parameters()) {
    at::Tensor value = parameter.value;
    const at::Tensor places = at::arange(value.numel(), value.options()) * factor;
    value.add_(0.1 * places.sin().view(value.sizes()));
    factor += 0.01;
  }
  return model;
}

at::Tensor waved_pixels(const ClipConfig& config, int64_t batch) {
  const int64_t side = config.vision.image_size, count = batch * 3 * side * side;
  return (at::arange(count, at::TensorOptions(at::kFloat)) * 0.37)
      .sin()
      .view({batch, 3, side, side});
}

}  // namespace dermatome
