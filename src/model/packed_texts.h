// Lays texts out for a transformer so that nothing is computed twice, and padding not at all.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include "src/model/attention_layout.h"

namespace dermatome {

// U texts in M rows. All tensors int64, on one device.
struct PackedTexts {
  at::Tensor token;           // [M]: the token of each row
  at::Tensor place;           // [M]: the number of tokens before that token in its text
  AttentionLayoutPtr layout;  // texts in groups of similar length
  at::Tensor order;           // [U]: for each text, which of the rows that are read is its own
  at::Tensor text;            // [M]: the text of each row; undefined where texts share rows
};

// Both take tokens [U, L], lengths [U] int64 on the CPU, U > 0, 1 <= length <= L. Tokens behind a
// text's length are ignored.

// For a causal transformer that is read at each text's last token. A token's features depend only
// on the token and those before it, so each distinct beginning of a text has one row, whichever
// texts share it (captions that start alike, a raw caption and its first sentence).
PackedTexts pack_texts(const at::Tensor& tokens, const at::Tensor& lengths, c10::Device device);

// For a transformer whose tokens attend to all tokens of their text, read at each text's first
// token. Every token has a row, but not `pad_id` behind a text's first token: no token attends to
// it, and those behind it keep their places.
PackedTexts pack_whole_texts(const at::Tensor& tokens, const at::Tensor& lengths, int64_t pad_id,
                             c10::Device device);

}  // namespace dermatome
