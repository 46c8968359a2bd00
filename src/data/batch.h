// One rank's part of a global batch, in host memory.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace dermatome {

struct Batch {
  int64_t size() const { return caption.size(0); }  // B

  int64_t epoch = 0;
  int64_t step = 0;                 // within the epoch
  at::Tensor images;                // [B, 3, H, W] uint8, augmented
  at::Tensor kept_patches;          // [B, K] int64: patches to encode; undefined: all of them
  at::Tensor tokens;                // [U, L] int64: this rank's distinct texts, padded with 0
  at::Tensor lengths;               // [U] int64: ids per row, end-of-text included
  at::Tensor caption;               // [B, N] int64: row of tokens, -1 where there is no text
  at::Tensor mask;                  // [B, N] bool: valid captions
  std::vector<int64_t> sample_ids;  // [B]: index in the data set
};

}  // namespace dermatome
