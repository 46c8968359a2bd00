// Features of image files and texts, without gradients.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "src/config/model_options.h"
#include "src/model/clip.h"
#include "src/text/tokenizer.h"

namespace dermatome {

// Called after each encoded batch, if given.
using AfterBatch = std::function<void()>;

// L2-normalized features for cosines, or the raw output of the image tower's projection for linear
// probes.
enum class FeatureScale { kNormalized, kRaw };

// What becomes of image files that cannot be read or decoded.
struct Unreadable {
  int64_t allowed = 0;                     // one more is an error
  std::map<int64_t, std::string> reasons;  // by place among the files: why it cannot be read
};

// What to say when `found` files or more are unreadable; `reason` is that of one.
std::string too_many_unreadable(int64_t found, int64_t allowed, const std::string& reason);

// Returns [n, d] fp32 on the model's device. Preprocesses as for evaluation, batch_size files at a
// time.
// `checksums` [n], if given, gets the CRC-32C of each file's bytes. If `unreadable` is given, files
// that it allows get features without meaning, and their reasons are kept there. Throws DataError
// naming the file, also for features that are not finite.
at::Tensor encode_image_files(const Clip& model, std::span<const std::string> paths,
                              int64_t batch_size, Precision precision,
                              std::span<uint32_t> checksums = {},
                              const AfterBatch& after_batch = {},
                              FeatureScale scale = FeatureScale::kNormalized,
                              Unreadable* unreadable = nullptr);

// The texts that differ in their tokens, in the order in which they first appear. In host memory.
struct DistinctTexts {
  at::Tensor tokens;               // [U, L] int64, padded with 0
  at::Tensor lengths;              // [U] int64: ids per row, end-of-text included
  at::Tensor row;                  // [n] int64: the row of `tokens` of each given text
  std::vector<std::string> texts;  // [U]: the first text with these tokens
};

DistinctTexts distinct_texts(const Tokenizer& tokenizer, std::span<const std::string> texts,
                             int64_t context_length);

// Returns [U, d] fp32 on the model's device, L2-normalized. Every row of `tokens` is encoded once,
// in a batch of rows that begin alike. Throws DataError naming the text of `texts` [U] whose
// features are not finite.
at::Tensor encode_tokens(const Clip& model, const at::Tensor& tokens, const at::Tensor& lengths,
                         std::span<const std::string> texts, int64_t batch_size,
                         Precision precision, const AfterBatch& after_batch = {});

// Returns [n, d] fp32 on the model's device, L2-normalized. Equal texts are encoded once and have
// equal features, to the bit.
at::Tensor encode_texts(const Clip& model, const Tokenizer& tokenizer,
                        std::span<const std::string> texts, int64_t batch_size,
                        Precision precision);

}  // namespace dermatome
