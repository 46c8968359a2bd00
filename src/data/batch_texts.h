// Collects the texts of one rank's batch: every distinct text once, and for every caption of every
// sample which text it is.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

#include "sharding/dataset.h"
#include "src/core/text_selection.h"

namespace dermatome {

// These are the text fields of Batch (src/data/batch.h).
struct BatchTexts {
  at::Tensor tokens;   // [U, L] int64, L: the longest text's length; [0, 0] without texts
  at::Tensor lengths;  // [U] int64
  at::Tensor caption;  // [B, N] int64
  at::Tensor mask;     // [B, N] bool
};

// Texts are told apart by their tokens, because shards number their captions independently, and
// stand in the order in which the batch first meets them.
BatchTexts collect_texts(std::span<const SamplePlace> samples, int64_t num_captions,
                         const TextSelection& selection);

}  // namespace dermatome
