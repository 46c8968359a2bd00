#include "src/model/causal_text_tower.h"

#include <ATen/ATen.h>

#include <utility>

#include "src/model/layer_norm.h"
#include "src/model/token_embedding.h"

namespace dermatome {

CausalTextTower::CausalTextTower(ParameterList& list, const ClipConfig& config)
    : positional_embedding_(
          list.add("positional_embedding", {config.text.context_length, config.text.width})),
      text_projection_(list.add("text_projection", {config.text.width, config.embed_dim})),
      size_{config.text.layers, config.text.width, config.text.mlp_width()},
      transformer_(list, "transformer.resblocks.", open_clip_block(), size_,
                   {.heads = config.text.heads, .activation = config.activation()}),
      token_embedding_weight_(
          list.add("token_embedding.weight", {config.text.vocab_size, config.text.width})),
      ln_final_weight_(list.add("ln_final.weight", {config.text.width})),
      ln_final_bias_(list.add("ln_final.bias", {config.text.width})) {}

at::Tensor CausalTextTower::forward(const at::Tensor& tokens, const at::Tensor& lengths,
                                    int64_t checkpointed) const {
  const PackedTexts texts = pack(tokens, lengths, token_embedding_weight_.device());
  at::Tensor embedded = embed_tokens(token_embedding_weight_, texts.token) +
                        positional_embedding_.index_select(0, texts.place);
  const at::Tensor ends =
      transformer_.forward(std::move(embedded), texts.layout, BlockRows::kRead, checkpointed);
  const at::Tensor in_order = ends.index_select(0, texts.order);
  return at::matmul(layer_norm(in_order, ln_final_weight_, ln_final_bias_), text_projection_);
}

PackedTexts CausalTextTower::pack(const at::Tensor& tokens, const at::Tensor& lengths,
                                  c10::Device device) const {
  return pack_texts(tokens, lengths, device);
}

TowerLayers CausalTextTower::layers() const {
  TowerLayers layers = {{token_embedding_weight_, positional_embedding_}};
  transformer_.append_layers(layers);
  layers.push_back({ln_final_weight_, ln_final_bias_, text_projection_});
  return layers;
}

TextTowerShape CausalTextTower::shape() const {
  return {.blocks = size_, .products_per_text = text_projection_.numel()};
}

}  // namespace dermatome
