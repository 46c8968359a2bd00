// A stack of residual blocks.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "src/model/parameter_list.h"
#include "src/model/residual_block.h"

namespace dermatome {

class Transformer {
 public:
  // Adds the parameters of `layers` blocks to `list`, their names behind `prefix`.
  Transformer(ParameterList& list, const std::string& prefix, int64_t layers, int64_t width,
              int64_t mlp_width, const BlockOptions& options);

  // x [B, L, W] to [B, L, W]. With `checkpointing` blocks are computed again in backward.
  at::Tensor forward(at::Tensor x, bool checkpointing) const;

  // Appends the parameters in the order of their use.
  void append_parameters(std::vector<at::Tensor>& parameters) const;

 private:
  BlockOptions options_;
  std::vector<BlockParameters> blocks_;
};

}  // namespace dermatome
