#include "src/model/vision_tower.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <iterator>
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

// [sizes], behind an axis of one entry for each axis that a batch of them would have.
std::vector<int64_t> with_axes(std::vector<int64_t> sizes, size_t num_axes) {
  sizes.insert(sizes.begin(), num_axes - sizes.size(), 1);
  return sizes;
}

at::Tensor add_positions(ParameterList& list, const VisionConfig& config,
                         const VisionNames& names) {
  const std::vector<int64_t> shape =
      with_axes({config.num_patches() + 1, config.width}, names.has_batch_axis ? 3 : 2);
  return config.positions == ImagePositions::kLearned ? list.add(names.positions, shape)
                                                      : list.add_buffer(names.positions, shape);
}

BlockOptions block_options(const ClipConfig& config) {
  return {.heads = config.vision.heads(),
          .activation = config.image_activation(),
          .norm = NormPlace::kBefore,
          .norm_eps = config.vision.norm_eps};
}

}  // namespace

VisionTower::Layer VisionTower::add_layer(ParameterList& list, const std::string& name,
                                          at::IntArrayRef weight, bool has_bias) {
  Layer layer;
  layer.weight = list.add(name + ".weight", weight);
  if (has_bias) layer.bias = list.add(name + ".bias", weight.slice(0, 1));
  return layer;
}

std::vector<VisionTower::Layer> VisionTower::add_head(ParameterList& list, const ClipConfig& config,
                                                      const VisionNames& names) {
  const VisionConfig& vision = config.vision;
  std::vector<Layer> layers;
  int64_t width = vision.width;
  for (const std::string& name : names.head) {
    const bool is_last = &name == &names.head.back();
    const int64_t out = is_last ? config.embed_dim : 2 * config.embed_dim;
    const bool has_bias = !is_last || vision.head == ImageHead::kClassifier || vision.head_bias;
    layers.push_back(add_layer(list, name, {out, width}, has_bias));
    width = out;
  }
  return layers;
}

VisionTower::VisionTower(ParameterList& list, const ClipConfig& config)
    : VisionTower(list, config, vision_names(config.vision)) {}

VisionTower::VisionTower(ParameterList& list, const ClipConfig& config, const VisionNames& names)
    : config_(config.vision),
      embed_dim_(config.embed_dim),
      class_token_(
          list.add(names.class_token, with_axes({config_.width}, names.has_batch_axis ? 3 : 1))),
      positions_(add_positions(list, config_, names)),
      matrix_(config_.head == ImageHead::kMatrix
                  ? list.add(names.matrix, {config_.width, config.embed_dim})
                  : at::Tensor()),
      patch_(add_layer(list, names.patch,
                       {config_.width, 3, config_.patch_size, config_.patch_size},
                       config_.patch_bias)),
      pre_norm_(config_.pre_norm ? add_layer(list, names.pre_norm, {config_.width}) : Layer()),
      transformer_(list, names.blocks, names.block,
                   {config_.layers, config_.width, config_.mlp_width()}, block_options(config)),
      final_norm_(add_layer(list, names.final_norm, {config_.width})),
      head_(add_head(list, config, names)) {}

at::Tensor VisionTower::normalize(const at::Tensor& tokens, const Layer& norm) const {
  return layer_norm(tokens, norm.weight, norm.bias, config_.norm_eps);
}

at::Tensor VisionTower::embed(const at::Tensor& pixels) const {
  const at::Tensor patches =
      at::conv2d(pixels, patch_.weight, patch_.bias, /*stride=*/config_.patch_size)
          .flatten(2)
          .transpose(1, 2);
  const at::Tensor class_token =
      class_token_.to(patches.scalar_type()).expand({pixels.size(0), 1, config_.width});
  return at::cat({class_token, patches}, 1) + positions_.to(patches.scalar_type());
}

at::Tensor VisionTower::pool(at::Tensor tokens, int64_t batch, int64_t length,
                             bool with_patches) const {
  if (config_.final_norm != FinalNorm::kAfterPooling) tokens = normalize(tokens, final_norm_);
  if (config_.pooling == ImagePooling::kMeanOfPatches) {
    const at::Tensor patches = tokens.view({batch, length, config_.width}).slice(1, 1);
    tokens = with_patches ? at::cat({patches.mean(1, /*keepdim=*/true), patches}, 1).flatten(0, 1)
                          : patches.mean(1);
  }
  if (config_.final_norm != FinalNorm::kBeforePooling) tokens = normalize(tokens, final_norm_);
  return tokens;
}

at::Tensor VisionTower::map_to_embedding(at::Tensor tokens) const {
  if (matrix_.defined()) return at::matmul(tokens, matrix_);
  for (size_t i = 0; i < head_.size(); ++i) {
    if (i > 0) tokens = at::gelu(tokens);
    tokens = at::linear(tokens, head_[i].weight, head_[i].bias);
  }
  return tokens;
}

at::Tensor VisionTower::forward(const at::Tensor& pixels, const at::Tensor& kept_patches,
                                bool with_patches, int64_t checkpointed) const {
  at::Tensor x = embed(pixels);
  if (kept_patches.defined()) x = select_patches(x, kept_patches);
  const int64_t batch = x.size(0), length = x.size(1);
  if (config_.pre_norm) x = normalize(x, pre_norm_);
  x = x.flatten(0, 1);
  const auto layout = c10::make_intrusive<AttentionLayout>();
  layout->groups = {{.sequences = batch, .length = length, .read_mask = std::nullopt}};
  layout->read = at::arange(0, batch * length, length, x.options().dtype(at::kLong));
  const BlockRows rows =
      with_patches || config_.reads_all_tokens() ? BlockRows::kAll : BlockRows::kRead;
  at::Tensor tokens = transformer_.forward(std::move(x), layout, rows, checkpointed);
  return map_to_embedding(pool(std::move(tokens), batch, length, with_patches))
      .view({batch, with_patches ? length : 1, embed_dim_});
}

TowerLayers VisionTower::layers() const {
  const bool are_learned = config_.positions == ImagePositions::kLearned;
  std::vector<at::Tensor> embeddings = {patch_.weight,    patch_.bias,
                                        class_token_,     are_learned ? positions_ : at::Tensor(),
                                        pre_norm_.weight, pre_norm_.bias};
  std::vector<at::Tensor> last = {final_norm_.weight, final_norm_.bias, matrix_};
  for (const Layer& layer : head_) last.insert(last.end(), {layer.weight, layer.bias});
  for (auto* tensors : {&embeddings, &last}) {
    std::erase_if(*tensors, [](const at::Tensor& tensor) { return !tensor.defined(); });
  }
  TowerLayers layers = {embeddings};
  transformer_.append_layers(layers);
  layers.push_back(last);
  return layers;
}

}  // namespace dermatome
