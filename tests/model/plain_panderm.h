// PanDerm's image encoder, written out from its definition (src/model/panderm_vision.h) with plain
// operators and without anything of src/model.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

namespace dermatome {

// By their names, which begin with "visual."
using PanDermParameters = std::map<std::string, at::Tensor>;

// pixels [B, 3, H, W] in square patches. Returns [B, 1 + P, d]: the embeddings of each image and of
// its patches, not normalized.
at::Tensor plain_panderm(const PanDermParameters& parameters, int64_t num_blocks, int64_t num_heads,
                         const at::Tensor& pixels);

}  // namespace dermatome
