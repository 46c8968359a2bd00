#include "src/model/vision_tower.h"

#include <ATen/ATen.h>

#include <utility>

#include "src/model/layer_norm.h"

namespace dermatome {
namespace {

// From tokens [B, 1 + P, W] the class token and the kept patches: [B, 1 + K, W].
at::Tensor select_patches(const at::Tensor& tokens, const at::Tensor& kept_patches) {
  const int64_t batch = tokens.size(0), length = tokens.size(1);
  const at::Tensor places =
      at::cat({at::zeros({batch, 1}, kept_patches.options()), kept_patches + 1}, 1);
  const at::Tensor first = at::arange(0, batch * length, length, kept_patches.options());
  return tokens.flatten(0, 1)
      .index_select(0, (places + first.unsqueeze(1)).flatten())
      .view({batch, places.size(1), tokens.size(2)});
}

}  // namespace

VisionTower::VisionTower(ParameterList& list, const ClipConfig& config)
    : patch_size_(config.vision.patch_size),
      class_embedding_(list.add("visual.class_embedding", {config.vision.width})),
      positional_embedding_(list.add("visual.positional_embedding",
                                     {config.vision.num_patches() + 1, config.vision.width})),
      proj_(list.add("visual.proj", {config.vision.width, config.embed_dim})),
      conv1_weight_(
          list.add("visual.conv1.weight", {config.vision.width, 3, patch_size_, patch_size_})),
      ln_pre_weight_(list.add("visual.ln_pre.weight", {config.vision.width})),
      ln_pre_bias_(list.add("visual.ln_pre.bias", {config.vision.width})),
      transformer_(list, "visual.transformer.resblocks.", open_clip_block(),
                   {config.vision.layers, config.vision.width, config.vision.mlp_width()},
                   {.heads = config.vision.heads(), .activation = config.activation()}),
      ln_post_weight_(list.add("visual.ln_post.weight", {config.vision.width})),
      ln_post_bias_(list.add("visual.ln_post.bias", {config.vision.width})) {}

at::Tensor VisionTower::embed(const at::Tensor& pixels) const {
  const at::Tensor patches = at::conv2d(pixels, conv1_weight_, /*bias=*/{}, /*stride=*/patch_size_)
                                 .flatten(2)
                                 .transpose(1, 2);
  const at::Tensor class_token = class_embedding_.to(patches.scalar_type())
                                     .expand({pixels.size(0), 1, class_embedding_.size(0)});
  return at::cat({class_token, patches}, 1) + positional_embedding_.to(patches.scalar_type());
}

at::Tensor VisionTower::forward(const at::Tensor& pixels, const at::Tensor& kept_patches,
                                bool with_patches, int64_t checkpointed) const {
  at::Tensor x = embed(pixels);
  if (kept_patches.defined()) x = select_patches(x, kept_patches);
  const int64_t batch = x.size(0), length = x.size(1);
  x = layer_norm(x, ln_pre_weight_, ln_pre_bias_).flatten(0, 1);
  const auto layout = c10::make_intrusive<AttentionLayout>();
  layout->groups = {{.sequences = batch, .length = length, .read_mask = std::nullopt}};
  layout->read = at::arange(0, batch * length, length, x.options().dtype(at::kLong));
  const at::Tensor tokens = transformer_.forward(
      std::move(x), layout, with_patches ? BlockRows::kAll : BlockRows::kRead, checkpointed);
  return at::matmul(layer_norm(tokens, ln_post_weight_, ln_post_bias_), proj_)
      .view({batch, with_patches ? length : 1, proj_.size(1)});
}

TowerLayers VisionTower::layers() const {
  TowerLayers layers = {
      {conv1_weight_, class_embedding_, positional_embedding_, ln_pre_weight_, ln_pre_bias_}};
  transformer_.append_layers(layers);
  layers.push_back({ln_post_weight_, ln_post_bias_, proj_});
  return layers;
}

}  // namespace dermatome
