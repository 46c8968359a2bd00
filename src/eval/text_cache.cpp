#include "src/eval/text_cache.h"

#include <ATen/ATen.h>

#include <system_error>

#include "src/config/model_options.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/hash.h"
#include "src/core/log.h"
#include "src/core/user_cache.h"
#include "src/eval/encode.h"
#include "src/weights/safetensors.h"
#include "src/weights/weights_hash.h"

namespace dermatome {
namespace {

constexpr const char* kTensor = "text_features";
constexpr const char* kChecksum = "crc32c";  // of the features' bytes, [1] int64
constexpr int64_t kBatch = 64;

// Everything the features depend on.
std::string key_of(const Clip& model, const Tokenizer& tokenizer,
                   std::span<const std::string> texts) {
  const ClipConfig& config = model.config();
  Sha256 hash;
  hash.update(text_weights_hash(model) + tokenizer.hash());
  hash.update(text_identity(config.text, config.quick_gelu));
  for (const auto& text : texts) {
    hash.update(format(" %zu:", text.size()));
    hash.update(text);
  }
  return hash.finish();
}

int64_t checksum_of(const at::Tensor& features) {
  return crc32c(std::as_bytes(
      std::span(features.const_data_ptr<float>(), static_cast<size_t>(features.numel()))));
}

// Undefined if there are no features, or damaged ones.
at::Tensor read_features(const std::filesystem::path& file, int64_t rows, int64_t width) {
  std::error_code denied;  // a folder that may not be searched holds nothing
  if (!std::filesystem::exists(file, denied)) return {};
  try {
    const auto tensors = read_safetensors(file);
    const auto found = tensors.find(kTensor);
    const auto checksum = tensors.find(kChecksum);
    if (found != tensors.end() && found->second.sizes() == at::IntArrayRef({rows, width}) &&
        found->second.scalar_type() == at::kFloat && checksum != tensors.end() &&
        checksum->second.equal(at::full({1}, checksum_of(found->second), at::kLong))) {
      return found->second;
    }
    log_warning(file.string() +
                ": does not hold the cached features that it should; computing them again");
  } catch (const DataError& error) {
    log_warning(std::string(error.what()) + "; computing the texts' features again");
  }
  return {};
}

}  // namespace

at::Tensor cached_text_features(const Clip& model, const Tokenizer& tokenizer,
                                std::span<const std::string> texts,
                                const std::filesystem::path& folder) {
  const auto compute = [&] {
    return encode_texts(model, tokenizer, texts, kBatch, Precision::kFp32).cpu().contiguous();
  };
  if (folder.empty()) return compute();
  const auto file = folder / (key_of(model, tokenizer, texts) + ".safetensors");
  at::Tensor features = read_features(file, std::ssize(texts), model.config().embed_dim);
  if (features.defined()) return features;
  features = compute();
  try {
    make_directories(folder);
    write_safetensors(
        file, {{kTensor, features}, {kChecksum, at::full({1}, checksum_of(features), at::kLong)}});
  } catch (const DataError& error) {
    log_warning(std::string("the texts' features cannot be kept: ") + error.what());
  }
  return features;
}

std::filesystem::path default_text_cache() { return user_cache("texts"); }

}  // namespace dermatome
