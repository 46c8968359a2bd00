#include "src/model/text_tower.h"

#include <ATen/ATen.h>

#include "src/model/layer_norm.h"
#include "src/model/text_buckets.h"

namespace dermatome {
namespace {

at::Tensor to_tensor(const std::vector<int64_t>& values) {
  return at::tensor(values, at::TensorOptions(at::kLong));
}

}  // namespace

TextTower::TextTower(ParameterList& list, const ClipConfig& config)
    : positional_embedding_(
          list.add("positional_embedding", {config.text.context_length, config.text.width})),
      text_projection_(list.add("text_projection", {config.text.width, config.embed_dim})),
      transformer_(list, "transformer.", config.text.layers, config.text.width,
                   config.text.mlp_width(),
                   {.heads = config.text.heads, .causal = true, .quick_gelu = config.quick_gelu}),
      token_embedding_weight_(
          list.add("token_embedding.weight", {config.text.vocab_size, config.text.width})),
      ln_final_weight_(list.add("ln_final.weight", {config.text.width})),
      ln_final_bias_(list.add("ln_final.bias", {config.text.width})) {}

at::Tensor TextTower::forward(const at::Tensor& tokens, const at::Tensor& lengths,
                              bool checkpointing) const {
  const at::Tensor row_lengths = lengths.contiguous();
  const std::vector<TextBucket> buckets = text_buckets(
      {row_lengths.const_data_ptr<int64_t>(), static_cast<size_t>(tokens.size(0))}, tokens.size(1));
  std::vector<at::Tensor> bucket_tokens, bucket_ends;
  std::vector<int64_t> bucket_sizes, place(static_cast<size_t>(tokens.size(0)));
  int64_t next = 0;
  for (const TextBucket& bucket : buckets) {
    const at::Tensor rows = to_tensor(bucket.rows);
    bucket_tokens.push_back(tokens.narrow(1, 0, bucket.columns).index_select(0, rows).flatten());
    bucket_sizes.push_back(bucket_tokens.back().numel());
    bucket_ends.push_back(row_lengths.index_select(0, rows) - 1);
    for (const int64_t row : bucket.rows) place[row] = next++;
  }

  // One lookup for all buckets: its gradient is as large as the vocabulary, and is made once.
  const at::Device device = token_embedding_weight_.device();
  const std::vector<at::Tensor> embedded =
      at::embedding(token_embedding_weight_, at::cat(bucket_tokens).to(device))
          .split_with_sizes(bucket_sizes);
  std::vector<at::Tensor> pooled;
  for (size_t i = 0; i < buckets.size(); ++i) {
    const auto rows = static_cast<int64_t>(buckets[i].rows.size());
    at::Tensor x = embedded[i].view({rows, buckets[i].columns, -1}) +
                   positional_embedding_.narrow(0, 0, buckets[i].columns);
    x = transformer_.forward(std::move(x), checkpointing);
    const at::Tensor end_of_text =
        (bucket_ends[i] + at::arange(rows) * buckets[i].columns).to(device);
    pooled.push_back(x.flatten(0, 1).index_select(0, end_of_text));
  }
  const at::Tensor in_order = at::cat(pooled).index_select(0, to_tensor(place).to(device));
  return at::matmul(layer_norm(in_order, ln_final_weight_, ln_final_bias_), text_projection_);
}

std::vector<at::Tensor> TextTower::parameters() const {
  std::vector<at::Tensor> parameters = {token_embedding_weight_, positional_embedding_};
  transformer_.append_parameters(parameters);
  parameters.insert(parameters.end(), {ln_final_weight_, ln_final_bias_, text_projection_});
  return parameters;
}

}  // namespace dermatome
