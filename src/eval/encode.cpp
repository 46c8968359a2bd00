#include "src/eval/encode.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "src/config/model_options.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/hash.h"
#include "src/core/progress.h"
#include "src/core/quoted.h"
#include "src/core/text.h"
#include "src/image/codec.h"
#include "src/model/autocast.h"
#include "src/model/preprocess.h"

namespace dermatome {
namespace {

// Calls encode(first, last) for consecutive pieces of n rows, which are `what`, and joins the
// features.
template <typename Encode>
at::Tensor encode_in_batches(const Clip& model, const char* what, size_t n, int64_t batch_size,
                             Precision precision, const AfterBatch& after_batch,
                             const Encode& encode) {
  const at::NoGradGuard no_grad;
  const AutocastScope autocast(model.device().type(), precision == Precision::kAmpBf16);
  std::vector<at::Tensor> features = {at::empty(
      {0, model.config().embed_dim}, at::TensorOptions(model.device()).dtype(at::kFloat))};
  Progress progress(text(what, " encoded"), static_cast<int64_t>(n));
  for (size_t first = 0; first < n; first += static_cast<size_t>(batch_size)) {
    const size_t last = std::min(n, first + static_cast<size_t>(batch_size));
    features.push_back(encode(first, last));
    progress.add(static_cast<int64_t>(last - first));
    if (after_batch) after_batch();
  }
  return at::cat(features);
}

// names[i] is the name of what row i of the features [n, d] encodes.
void check_finite(const at::Tensor& features, std::span<const std::string> names) {
  const at::Tensor bad = features.isfinite().all(1).logical_not();
  if (!bad.any().item<bool>()) return;
  throw DataError(quoted(names[bad.nonzero()[0][0].item<int64_t>()]) +
                  ": the model's features of it are not finite; the weights may be damaged");
}

// [U] int64: the rows of tokens [U, L] in lexicographic order.
at::Tensor lexicographic_order(const at::Tensor& tokens) {
  const at::Tensor ids = tokens.contiguous();
  const int64_t width = ids.size(1);
  const auto row = [&](int64_t i) {
    return std::span(ids.const_data_ptr<int64_t>() + i * width, static_cast<size_t>(width));
  };
  at::Tensor order = at::arange(ids.size(0));
  std::ranges::sort(
      std::span(order.mutable_data_ptr<int64_t>(), static_cast<size_t>(order.numel())),
      [&](int64_t a, int64_t b) { return std::ranges::lexicographical_compare(row(a), row(b)); });
  return order;
}

// Reads and preprocesses image files, on any number of threads.
class ImageFiles {
 public:
  ImageFiles(std::span<const std::string> paths, const ClipConfig& config,
             std::span<uint32_t> checksums, Unreadable* unreadable)
      : paths_(paths), config_(config), checksums_(checksums), unreadable_(unreadable) {}

  // The pixels of file `i`.
  at::Tensor read(size_t i) {
    if (unreadable_ == nullptr) return read_or_throw(i);
    try {
      return read_or_throw(i);
    } catch (const DataError& error) {
      leave_out(i, error.what());
    }
    const int64_t size = config_.vision.image_size;
    return at::zeros({3, size, size}, at::TensorOptions(at::kByte));
  }

 private:
  at::Tensor read_or_throw(size_t i) {
    const std::string content = read_file(paths_[i]);
    const auto bytes = std::as_bytes(std::span(content));
    if (!checksums_.empty()) checksums_[i] = crc32c(bytes);
    return preprocess_image(decode_file_image(bytes, paths_[i]), config_);
  }

  void leave_out(size_t i, const std::string& reason) {
    const std::lock_guard lock(mutex_);
    auto& reasons = unreadable_->reasons;
    reasons.emplace(static_cast<int64_t>(i), reason);
    if (std::ssize(reasons) <= unreadable_->allowed) return;
    throw DataError(too_many_unreadable(std::ssize(reasons), unreadable_->allowed, reason));
  }

  std::span<const std::string> paths_;
  const ClipConfig& config_;
  std::span<uint32_t> checksums_;
  std::mutex mutex_;
  Unreadable* unreadable_;
};

}  // namespace

std::string too_many_unreadable(int64_t found, int64_t allowed, const std::string& reason) {
  return text("at least ", found, " images cannot be read, but --max-bad allows ", allowed,
              "; repair them or raise it; one of them: ", reason);
}

at::Tensor encode_image_files(const Clip& model, std::span<const std::string> paths,
                              int64_t batch_size, Precision precision,
                              std::span<uint32_t> checksums, const AfterBatch& after_batch,
                              FeatureScale scale, Unreadable* unreadable) {
  ImageFiles files(paths, model.config(), checksums, unreadable);
  at::Tensor features =
      encode_in_batches(model, "images", paths.size(), batch_size, precision, after_batch,
                        [&](size_t first, size_t last) {
                          std::vector<at::Tensor> images(last - first);
                          at::parallel_for(0, static_cast<int64_t>(images.size()), 1,
                                           [&](int64_t begin, int64_t end) {
                                             for (int64_t i = begin; i < end; ++i)
                                               images[i] = files.read(first + i);
                                           });
                          const at::Tensor pixels = normalize(
                              at::stack(images), model.config().preprocess, model.device());
                          if (scale == FeatureScale::kRaw) return model.encode_image_raw(pixels);
                          return model.encode_image(pixels, /*with_patches=*/false).image;
                        });
  check_finite(features, paths);
  return features;
}

DistinctTexts distinct_texts(const Tokenizer& tokenizer, std::span<const std::string> texts,
                             int64_t context_length) {
  const auto num_texts = static_cast<int64_t>(texts.size());
  std::vector<std::vector<int32_t>> ids(texts.size());
  at::parallel_for(0, num_texts, /*grain_size=*/64, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) ids[i] = tokenizer.encode(texts[i], context_length);
  });

  DistinctTexts result;
  result.row = at::empty({num_texts}, at::kLong);
  auto* row = result.row.mutable_data_ptr<int64_t>();
  std::map<std::vector<int32_t>, int64_t> rows;
  std::vector<const std::vector<int32_t>*> distinct;
  size_t longest = 0;
  for (size_t i = 0; i < ids.size(); ++i) {
    const auto [entry, added] =
        rows.try_emplace(std::move(ids[i]), static_cast<int64_t>(distinct.size()));
    if (added) {
      distinct.push_back(&entry->first);
      result.texts.push_back(texts[i]);
    }
    longest = std::max(longest, entry->first.size());
    *row++ = entry->second;
  }
  const auto num_distinct = static_cast<int64_t>(distinct.size());
  result.tokens = at::zeros({num_distinct, static_cast<int64_t>(longest)}, at::kLong);
  result.lengths = at::empty({num_distinct}, at::kLong);
  auto* token = result.tokens.mutable_data_ptr<int64_t>();
  auto* length = result.lengths.mutable_data_ptr<int64_t>();
  for (const std::vector<int32_t>* text : distinct) {
    std::ranges::copy(*text, token);
    token += longest;
    *length++ = static_cast<int64_t>(text->size());
  }
  return result;
}

at::Tensor encode_tokens(const Clip& model, const at::Tensor& tokens, const at::Tensor& lengths,
                         std::span<const std::string> texts, int64_t batch_size,
                         Precision precision, const AfterBatch& after_batch) {
  // A beginning that texts of a batch have in common is encoded once.
  const at::Tensor order = lexicographic_order(tokens);
  at::Tensor features = encode_in_batches(
      model, "texts", static_cast<size_t>(tokens.size(0)), batch_size, precision, after_batch,
      [&](size_t first, size_t last) {
        const at::Tensor rows =
            order.slice(0, static_cast<int64_t>(first), static_cast<int64_t>(last));
        return model.encode_text(tokens.index_select(0, rows), lengths.index_select(0, rows));
      });
  features = features.index_select(0, order.argsort().to(features.device()));
  check_finite(features, texts);
  return features;
}

at::Tensor encode_texts(const Clip& model, const Tokenizer& tokenizer,
                        std::span<const std::string> texts, int64_t batch_size,
                        Precision precision) {
  const DistinctTexts distinct =
      distinct_texts(tokenizer, texts, model.config().text.context_length);
  const at::Tensor features = encode_tokens(model, distinct.tokens, distinct.lengths,
                                            distinct.texts, batch_size, precision);
  return features.index_select(0, distinct.row.to(features.device()));
}

}  // namespace dermatome
