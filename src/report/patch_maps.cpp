#include "src/report/patch_maps.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <string>

#include "src/config/model_options.h"
#include "src/eval/encode.h"
#include "src/model/preprocess.h"

namespace dermatome {
namespace {

constexpr int64_t kBatchSize = 16;

// The next record after `image`, cyclically, whose raw caption is another one.
std::optional<size_t> other_record(const std::vector<Example>& examples, size_t image) {
  const Example& own = examples[image];
  for (size_t step = 1; step < examples.size(); ++step) {
    const size_t other = (image + step) % examples.size();
    if (!examples[other].has_raw_caption()) continue;
    const std::string& text = examples[other].captions.front().text;
    if (!own.has_raw_caption() || text != own.captions.front().text) return other;
  }
  return std::nullopt;
}

}  // namespace

EncodedExamples encode_examples(const Clip& model, const Tokenizer& tokenizer,
                                const std::vector<Example>& examples, bool with_patches) {
  const at::NoGradGuard no_grad;
  EncodedExamples result;
  std::vector<std::string> texts;
  for (const Example& example : examples) {
    result.first_text.push_back(static_cast<int64_t>(texts.size()));
    for (const ExampleCaption& caption : example.captions) texts.push_back(caption.text);
  }
  result.text = encode_texts(model, tokenizer, texts, kBatchSize, Precision::kFp32).cpu();

  const at::TensorOptions host(at::kFloat);
  std::vector<at::Tensor> images = {at::empty({0, model.config().embed_dim}, host)};
  std::vector<at::Tensor> patches = {
      at::empty({0, model.config().vision.num_patches(), model.config().embed_dim}, host)};
  for (size_t first = 0; first < examples.size(); first += kBatchSize) {
    const size_t last = std::min(examples.size(), first + kBatchSize);
    std::vector<at::Tensor> pixels;
    for (size_t i = first; i < last; ++i) {
      pixels.push_back(preprocess_image(examples[i].image, model.config()));
    }
    const ImageFeatures features = model.encode_image(
        normalize(at::stack(pixels), model.config().preprocess, model.device()), with_patches);
    images.push_back(features.image.cpu());
    if (with_patches) patches.push_back(features.patches.cpu());
  }
  result.image = at::cat(images);
  if (with_patches) result.patches = at::cat(patches);
  return result;
}

at::Tensor patch_map(const EncodedExamples& examples, MapKind kind, size_t image, int64_t text,
                     const Objective& objective) {
  const at::Tensor patches = examples.patches[static_cast<int64_t>(image)];
  if (kind == MapKind::kCosines) return patches.matmul(examples.text[text]);
  return objective
      .patch_weights(patches.unsqueeze(0), examples.text, at::full({1}, text, at::kLong))
      .squeeze(0);
}

std::vector<MapCaption> captions_to_map(const std::vector<Example>& examples, size_t image,
                                        bool has_weights) {
  const Example& example = examples[image];
  const std::optional<size_t> other = other_record(examples, image);
  std::vector<MapCaption> captions;
  if (example.has_raw_caption()) {
    captions.push_back({has_weights ? MapKind::kWeights : MapKind::kCosines, 0, other, 0});
  }
  std::vector<size_t> foreign = {0};  // the raw caption, if there is no subcaption
  if (other && !examples[*other].subcaptions().empty()) foreign = examples[*other].subcaptions();
  const std::vector<size_t> own = example.subcaptions();
  for (size_t j = 0; j < own.size(); ++j) {
    captions.push_back({MapKind::kCosines, own[j], other, foreign[j % foreign.size()]});
  }
  return captions;
}

}  // namespace dermatome
