#include "src/model/vision_tower.h"

#include <ATen/ATen.h>

#include "src/model/layer_norm.h"

namespace dermatome {

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
      transformer_(
          list, "visual.transformer.", config.vision.layers, config.vision.width,
          config.vision.mlp_width(),
          {.heads = config.vision.heads(), .causal = false, .quick_gelu = config.quick_gelu}),
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

at::Tensor VisionTower::forward(const at::Tensor& pixels, bool with_patches,
                                bool checkpointing) const {
  at::Tensor x = layer_norm(embed(pixels), ln_pre_weight_, ln_pre_bias_);
  x = transformer_.forward(std::move(x), checkpointing);
  if (!with_patches) x = x.narrow(1, 0, 1);
  return at::matmul(layer_norm(x, ln_post_weight_, ln_post_bias_), proj_);
}

std::vector<at::Tensor> VisionTower::parameters() const {
  std::vector<at::Tensor> parameters = {conv1_weight_, class_embedding_, positional_embedding_,
                                        ln_pre_weight_, ln_pre_bias_};
  transformer_.append_parameters(parameters);
  parameters.insert(parameters.end(), {ln_post_weight_, ln_post_bias_, proj_});
  return parameters;
}

}  // namespace dermatome
