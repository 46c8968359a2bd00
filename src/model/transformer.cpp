#include "src/model/transformer.h"

#include "src/model/checkpointed_block.h"

namespace dermatome {

Transformer::Transformer(ParameterList& list, const std::string& prefix, int64_t layers,
                         int64_t width, int64_t mlp_width, const BlockOptions& options)
    : options_(options) {
  for (int64_t i = 0; i < layers; ++i) {
    blocks_.push_back(
        add_block(list, prefix + "resblocks." + std::to_string(i) + ".", width, mlp_width));
  }
}

at::Tensor Transformer::forward(at::Tensor x, bool checkpointing) const {
  for (const BlockParameters& block : blocks_) {
    x = checkpointing ? checkpointed_block(x, block, options_) : residual_block(x, block, options_);
  }
  return x;
}

void Transformer::append_parameters(std::vector<at::Tensor>& parameters) const {
  for (const BlockParameters& block : blocks_) {
    parameters.insert(parameters.end(), block.begin(), block.end());
  }
}

}  // namespace dermatome
