// Features of image files and texts, without gradients.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "src/config/model_options.h"
#include "src/model/clip.h"
#include "src/text/tokenizer.h"

namespace dermatome {

// Called after each batch that was encoded, if given.
using AfterBatch = std::function<void()>;

// Features for cosines, or as the image tower's projection gives them, for linear probes.
enum class FeatureScale { kNormalized, kRaw };

// [n, d] fp32 on the model's device; evaluation preprocessing, batch_size files at a time.
// `checksums` [n], if given, gets the CRC-32C of each file's bytes. Throws DataError naming the
// file, also for features that are not finite.
at::Tensor encode_image_files(const Clip& model, std::span<const std::string> paths,
                              int64_t batch_size, Precision precision,
                              std::span<uint32_t> checksums = {},
                              const AfterBatch& after_batch = {},
                              FeatureScale scale = FeatureScale::kNormalized);

// Texts told apart by their tokens, in the order in which they first appear. In host memory.
struct DistinctTexts {
  at::Tensor tokens;               // [U, L] int64, padded with 0
  at::Tensor lengths;              // [U] int64: ids per row, end-of-text included
  at::Tensor row;                  // [n] int64: which row of `tokens` each of the texts given is
  std::vector<std::string> texts;  // [U]: the first that has these tokens
};

DistinctTexts distinct_texts(const Tokenizer& tokenizer, std::span<const std::string> texts,
                             int64_t context_length);

// [U, d] fp32 on the model's device, L2-normalized. Every row of `tokens` is encoded once, among
// others that begin alike. Throws DataError naming, of `texts` [U], the one whose features are not
// finite.
at::Tensor encode_tokens(const Clip& model, const at::Tensor& tokens, const at::Tensor& lengths,
                         std::span<const std::string> texts, int64_t batch_size,
                         Precision precision, const AfterBatch& after_batch = {});

// [n, d], likewise. Equal texts are encoded once and have equal features, to the bit.
at::Tensor encode_texts(const Clip& model, const Tokenizer& tokenizer,
                        std::span<const std::string> texts, int64_t batch_size,
                        Precision precision);

}  // namespace dermatome
