#include "src/model/transformer.h"

#include <algorithm>
#include <iterator>

#include "src/core/text.h"
#include "src/model/checkpointed_block.h"

namespace dermatome {

Transformer::Transformer(ParameterList& list, const std::string& prefix, const BlockNames& names,
                         const TransformerSize& size, const BlockOptions& options)
    : options_(options) {
  for (int64_t i = 0; i < size.layers; ++i) {
    blocks_.push_back(add_block(list, text(prefix, i, "."), names, size.width, size.mlp_width));
  }
}

at::Tensor Transformer::forward(at::Tensor x, const AttentionLayoutPtr& layout, BlockRows wanted,
                                int64_t checkpointed) const {
  const auto num_blocks = static_cast<int64_t>(blocks_.size());
  for (int64_t i = 0; i < num_blocks; ++i) {
    const BlockParameters& block = blocks_[static_cast<size_t>(i)];
    const BlockRows rows = i + 1 == num_blocks ? wanted : BlockRows::kAll;
    x = i < num_checkpointed(checkpointed, num_blocks)
            ? checkpointed_block(x, block, options_, layout, rows)
            : residual_block(x, block, options_, *layout, rows);
  }
  return x;
}

void Transformer::append_layers(TowerLayers& layers) const {
  for (const BlockParameters& block : blocks_) {
    layers.emplace_back();
    std::ranges::copy_if(block, std::back_inserter(layers.back()),
                         [](const at::Tensor& parameter) { return parameter.defined(); });
  }
}

}  // namespace dermatome
