#include "src/model/text_tower.h"

#include <ATen/ATen.h>

#include <utility>

#include "src/model/layer_norm.h"
#include "src/model/packed_texts.h"

namespace dermatome {
TextTower::TextTower(ParameterList& list, const ClipConfig& config)
    : positional_embedding_(
          list.add("positional_embedding", {config.text.context_length, config.text.width})),
      text_projection_(list.add("text_projection", {config.text.width, config.embed_dim})),
      transformer_(list, "transformer.resblocks.", open_clip_block(),
                   {config.text.layers, config.text.width, config.text.mlp_width()},
                   {.heads = config.text.heads, .activation = config.activation()}),
      token_embedding_weight_(
          list.add("token_embedding.weight", {config.text.vocab_size, config.text.width})),
      ln_final_weight_(list.add("ln_final.weight", {config.text.width})),
      ln_final_bias_(list.add("ln_final.bias", {config.text.width})) {}

at::Tensor TextTower::forward(const at::Tensor& tokens, const at::Tensor& lengths,
                              int64_t checkpointed) const {
  const PackedTexts texts = pack_texts(tokens, lengths, token_embedding_weight_.device());
  // A dense gradient of the lookup is as large as the vocabulary, and is allocated, cleared and
  // added for the few rows that a batch uses. A sparse gradient is added row by row, on CUDA
  // without the host waiting.
  at::Tensor embedded = at::embedding(token_embedding_weight_, texts.token, /*padding_idx=*/-1,
                                      /*scale_grad_by_freq=*/false, /*sparse=*/true) +
                        positional_embedding_.index_select(0, texts.place);
  const at::Tensor ends =
      transformer_.forward(std::move(embedded), texts.layout, BlockRows::kRead, checkpointed);
  const at::Tensor in_order = ends.index_select(0, texts.order);
  return at::matmul(layer_norm(in_order, ln_final_weight_, ln_final_bias_), text_projection_);
}

TowerLayers TextTower::layers() const {
  TowerLayers layers = {{token_embedding_weight_, positional_embedding_}};
  transformer_.append_layers(layers);
  layers.push_back({ln_final_weight_, ln_final_bias_, text_projection_});
  return layers;
}

}  // namespace dermatome
