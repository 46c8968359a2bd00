#include "src/eval/encode.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <vector>

#include "src/image/codec.h"
#include "src/model/autocast.h"
#include "src/model/preprocess.h"

namespace dermatome {
namespace {

// Calls encode(first, last) for consecutive pieces of n rows and joins the features.
template <typename Encode>
at::Tensor encode_in_batches(const Clip& model, size_t n, int64_t batch_size, Precision precision,
                             const Encode& encode) {
  const at::NoGradGuard no_grad;
  const AutocastScope autocast(model.device().type(), precision == Precision::kAmpBf16);
  std::vector<at::Tensor> features = {at::empty(
      {0, model.config().embed_dim}, at::TensorOptions(model.device()).dtype(at::kFloat))};
  for (size_t first = 0; first < n; first += static_cast<size_t>(batch_size)) {
    features.push_back(encode(first, std::min(n, first + static_cast<size_t>(batch_size))));
  }
  return at::cat(features);
}

}  // namespace

at::Tensor encode_image_files(const Clip& model, std::span<const std::string> paths,
                              int64_t batch_size, Precision precision) {
  return encode_in_batches(
      model, paths.size(), batch_size, precision, [&](size_t first, size_t last) {
        std::vector<at::Tensor> images(last - first);
        at::parallel_for(
            0, static_cast<int64_t>(images.size()), 1, [&](int64_t begin, int64_t end) {
              for (int64_t i = begin; i < end; ++i) {
                images[i] = preprocess_image(load_image(paths[first + i]), model.config());
              }
            });
        return model
            .encode_image(normalise(at::stack(images), model.config().preprocess, model.device()),
                          /*with_patches=*/false)
            .image;
      });
}

at::Tensor encode_texts(const Clip& model, const Tokenizer& tokenizer,
                        std::span<const std::string> texts, int64_t batch_size,
                        Precision precision) {
  const int64_t context = model.config().text.context_length;
  return encode_in_batches(model, texts.size(), batch_size, precision,
                           [&](size_t first, size_t last) {
                             const auto count = static_cast<int64_t>(last - first);
                             at::Tensor tokens = at::zeros({count, context}, at::kLong);
                             at::Tensor lengths = at::empty({count}, at::kLong);
                             for (int64_t i = 0; i < count; ++i) {
                               const auto ids = tokenizer.encode(texts[first + i], context);
                               std::ranges::copy(ids, tokens[i].data_ptr<int64_t>());
                               lengths[i] = static_cast<int64_t>(ids.size());
                             }
                             return model.encode_text(tokens, lengths);
                           });
}

}  // namespace dermatome
