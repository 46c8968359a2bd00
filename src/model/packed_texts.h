// Lays texts out for a causal transformer so that nothing is computed twice. A token's features
// depend only on the token and those before it, so each distinct beginning of a text has one row,
// whichever texts share it (captions that start alike, a raw caption and its first sentence).
// Padding has no rows.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include "src/model/attention_layout.h"

namespace dermatome {

// M distinct beginnings of U texts. All tensors int64, on one device.
struct PackedTexts {
  at::Tensor token;           // [M]: the last token of each beginning
  at::Tensor place;           // [M]: the number of tokens before that token
  AttentionLayoutPtr layout;  // texts in groups of similar length; reads each text's last row
  at::Tensor order;           // [U]: for each text, which of the rows that are read is its own
};

// tokens [U, L], lengths [U] int64 on the CPU, U > 0, 1 <= length <= L. Tokens behind a text's
// length are ignored.
PackedTexts pack_texts(const at::Tensor& tokens, const at::Tensor& lengths, c10::Device device);

}  // namespace dermatome
