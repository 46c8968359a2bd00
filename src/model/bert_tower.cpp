#include "src/model/bert_tower.h"

#include <ATen/ATen.h>

#include <utility>

#include "src/core/error.h"
#include "src/core/log.h"
#include "src/core/text.h"
#include "src/model/layer_norm.h"
#include "src/model/token_embedding.h"

namespace dermatome {
namespace {

const BertConfig& bert_of(const ClipConfig& config) {
  require(config.text.bert.has_value(), "a BERT tower without its description");
  return *config.text.bert;
}

// Undefined unless the pooler is BERT's own layer.
at::Tensor add_pooler(ParameterList& list, const BertConfig& bert, const std::string& name,
                      at::IntArrayRef shape) {
  return bert.pooler == BertPooler::kCls
             ? list.add(text("text.transformer.pooler.dense.", name), shape)
             : at::Tensor();
}

std::vector<at::Tensor> add_projection(ParameterList& list, const ClipConfig& config) {
  const int64_t width = config.text.width, d = config.embed_dim;
  if (bert_of(config).projection == BertProjection::kNone) {
    if (width == d) return {};
    throw ConfigError(text("text_cfg.hf_proj_type is null, so embed_dim, ", d,
                           ", must be BERT's hidden_size, ", width));
  }
  if (bert_of(config).projection == BertProjection::kLinear) {
    return {list.add("text.proj.weight", {d, width})};
  }
  const int64_t hidden = (width + d) / 2;
  const at::Tensor first = list.add("text.proj.0.weight", {hidden, width});
  return {first, list.add("text.proj.2.weight", {d, hidden})};
}

}  // namespace

BertTower::BertTower(ParameterList& list, const ClipConfig& config)
    : config_(bert_of(config)),
      size_{config.text.layers, config.text.width, config.text.mlp_width()},
      word_embeddings_(list.add("text.transformer.embeddings.word_embeddings.weight",
                                {config.text.vocab_size, size_.width})),
      position_embeddings_(list.add("text.transformer.embeddings.position_embeddings.weight",
                                    {config_.positions, size_.width})),
      token_type_embeddings_(list.add("text.transformer.embeddings.token_type_embeddings.weight",
                                      {config_.token_types, size_.width})),
      norm_weight_(list.add("text.transformer.embeddings.LayerNorm.weight", {size_.width})),
      norm_bias_(list.add("text.transformer.embeddings.LayerNorm.bias", {size_.width})),
      transformer_(list, "text.transformer.encoder.layer.", bert_block(), size_,
                   {.heads = config.text.heads,
                    .activation = config_.activation,
                    .norm = NormPlace::kAfter,
                    .norm_eps = config_.norm_eps}),
      pooler_weight_(add_pooler(list, config_, "weight", {size_.width, size_.width})),
      pooler_bias_(add_pooler(list, config_, "bias", {size_.width})),
      projection_(add_projection(list, config)) {}

at::Tensor BertTower::embed(const PackedTexts& texts) const {
  const at::Tensor sum = embed_tokens(word_embeddings_, texts.token) +
                         token_type_embeddings_.narrow(0, 0, 1) +
                         position_embeddings_.index_select(0, texts.place);
  return layer_norm(sum, norm_weight_, norm_bias_, config_.norm_eps);
}

at::Tensor BertTower::pool(const at::Tensor& rows, const PackedTexts& texts) const {
  if (config_.pooler == BertPooler::kMean) {
    const int64_t num_texts = texts.order.size(0);
    const at::Tensor sums =
        at::zeros({num_texts, rows.size(1)}, rows.options()).index_add(0, texts.text, rows);
    const at::Tensor ones = at::ones({rows.size(0), 1}, rows.options());
    const at::Tensor counts =
        at::zeros({num_texts, 1}, ones.options()).index_add(0, texts.text, ones);
    return sums / counts;
  }
  const at::Tensor first = rows.index_select(0, texts.order);
  return pooler_weight_.defined() ? at::tanh(at::linear(first, pooler_weight_, pooler_bias_))
                                  : first;
}

at::Tensor BertTower::project(const at::Tensor& pooled) const {
  at::Tensor features = pooled;
  for (size_t i = 0; i < projection_.size(); ++i) {
    features = at::linear(i == 0 ? features : at::gelu(features), projection_[i]);
  }
  return features;
}

at::Tensor BertTower::forward(const at::Tensor& tokens, const at::Tensor& lengths,
                              int64_t checkpointed) const {
  const PackedTexts texts = pack(tokens, lengths, word_embeddings_.device());
  const BlockRows wanted = shape().reads_all_rows ? BlockRows::kAll : BlockRows::kRead;
  const at::Tensor rows = transformer_.forward(embed(texts), texts.layout, wanted, checkpointed);
  return project(pool(rows, texts));
}

PackedTexts BertTower::pack(const at::Tensor& tokens, const at::Tensor& lengths,
                            c10::Device device) const {
  return pack_whole_texts(tokens, lengths, config_.pad_id, device);
}

TowerLayers BertTower::layers() const {
  TowerLayers layers = {
      {word_embeddings_, token_type_embeddings_, position_embeddings_, norm_weight_, norm_bias_}};
  transformer_.append_layers(layers);
  std::vector<at::Tensor> last = projection_;
  if (pooler_weight_.defined()) last.insert(last.begin(), {pooler_weight_, pooler_bias_});
  layers.push_back(std::move(last));
  return layers;
}

TextTowerShape BertTower::shape() const {
  int64_t products = pooler_weight_.defined() ? pooler_weight_.numel() : 0;
  for (const at::Tensor& weight : projection_) products += weight.numel();
  return {.blocks = size_,
          .norm = NormPlace::kAfter,
          .reads_all_rows = config_.pooler == BertPooler::kMean,
          .products_per_text = products};
}

std::string BertTower::training_note() const {
  if (config_.dropout == 0) return {};
  return format("the text tower is trained without BERT's dropout, %g in its config.json",
                config_.dropout);
}

}  // namespace dermatome
