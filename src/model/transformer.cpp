#include "src/model/transformer.h"

#include "src/core/text.h"
#include "src/model/checkpointed_block.h"

namespace dermatome {

Transformer::Transformer(ParameterList& list, const std::string& prefix, int64_t layers,
                         int64_t width, int64_t mlp_width, const BlockOptions& options)
    : options_(options) {
  for (int64_t i = 0; i < layers; ++i) {
    blocks_.push_back(add_block(list, text(prefix, "resblocks.", i, "."), width, mlp_width));
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
  for (const BlockParameters& block : blocks_) layers.emplace_back(block.begin(), block.end());
}

}  // namespace dermatome
