// Texts laid out for a causal transformer without any work done twice: a token's features depend on
// what stands before it alone, so a row stands for a distinct beginning of a text, whichever texts
// share it (captions that start alike; a raw caption and its first sentence), and no row for
// padding.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include "src/model/attention_layout.h"

namespace dermatome {

// M distinct beginnings of U texts. All tensors int64, on one device.
struct PackedTexts {
  at::Tensor token;           // [M]: the last token of each
  at::Tensor place;           // [M]: the number of tokens before it
  AttentionLayoutPtr layout;  // texts in groups of similar length; reads each text's last row
  at::Tensor order;           // [U]: which of the rows read is each text's
};

// tokens [U, L], lengths [U] int64 on the CPU, U > 0, 1 <= length <= L. What stands behind a text's
// length is not looked at.
PackedTexts pack_texts(const at::Tensor& tokens, const at::Tensor& lengths, c10::Device device);

}  // namespace dermatome
