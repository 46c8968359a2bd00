#include "src/train/train_step.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <utility>
#include <vector>

#include "src/config/train_options.h"
#include "src/model/autocast.h"
#include "src/model/preprocess.h"
#include "src/model/upload.h"
#include "src/objective/create_objective.h"
#include "src/objective/text_rows.h"

namespace dermatome {
namespace {

at::Tensor narrow(const at::Tensor& tensor, Span rows) {
  return tensor.narrow(0, rows.begin, rows.size);
}

// The batch's images [rows.begin, + rows.size) as the image tower takes them, on its device.
at::Tensor normalized_pixels(const Batch& batch, Span rows, const Clip& model,
                             Precision precision) {
  const c10::Device device = model.device();
  const at::Tensor pixels = narrow(batch.images, rows);
  if (pixels.scalar_type() != at::kByte) return upload(pixels, device);
  return normalize(pixels, model.config().preprocess, device,
                   precision == Precision::kAmpBf16 ? at::kBFloat16 : at::kFloat);
}

// [B] bool: the samples whose embeddings are all finite, including those of their texts.
at::Tensor finite_samples(const ObjectiveInput& input) {
  const at::Tensor bad_text = input.text.isfinite().all(1).logical_not();
  at::Tensor finite = input.image.isfinite().all(1);
  if (input.local.defined()) finite = finite & input.local.isfinite().all(1);
  return finite & gather_captions(bad_text, input.caption).any(1).logical_not();
}

}  // namespace

// Some of the batch's images with the graphs that lead back to the parameters and to the texts.
struct TrainStep::ImagePiece {
  ImageFeatures features;   // patches only where the objective needs them
  at::Tensor patches_leaf;  // features.patches, cut off from the tower
  at::Tensor local;         // [size, d] from patches_leaf and the texts' leaf

  void backward_local(const at::Tensor& grad_local) const {
    if (local.defined() && local.requires_grad()) torch::autograd::backward({local}, {grad_local});
  }
  // After backward_local().
  void backward_tower(const at::Tensor& grad_image) const {
    if (!features.image.requires_grad()) return;  // the tower is locked
    if (local.defined()) {
      torch::autograd::backward({features.image, features.patches},
                                {grad_image, patches_leaf.grad()});
    } else {
      torch::autograd::backward({features.image}, {grad_image});
    }
  }
};

// The whole batch's features that the objective takes, detached, and the gather of its texts.
struct TrainStep::Features {
  at::Tensor image, local, text;
  std::unique_ptr<RowGather> text_gather;
};

TrainStep::TrainStep(Clip& model, Collectives& collectives, const TrainOptions& options)
    : TrainStep(model, collectives, options, create_objective(options.objective)) {}

TrainStep::TrainStep(Clip& model, Collectives& collectives, const TrainOptions& options,
                     std::unique_ptr<const Objective> objective)
    : model_(model),
      collectives_(collectives),
      options_(options),
      objective_(std::move(objective)),
      uses_patches_(objective_->needs_patches()),
      image_is_trained_(!model.image_parameters().empty()),
      text_is_trained_(!model.text_parameters().empty()),
      text_reducer_(model.text_parameters(), collectives, options.runtime.bucket_mb << 20),
      image_reducer_(model.image_parameters(), collectives, options.runtime.bucket_mb << 20) {
  objective_->check_ranks(collectives.size());
}

at::Tensor TrainStep::encode_text(const Batch& batch, Span rows) const {
  const AutocastScope autocast(model_.device().type(),
                               options_.model.precision == Precision::kAmpBf16);
  return model_.encode_text(narrow(batch.tokens, rows), narrow(batch.lengths, rows));
}

TrainStep::ImagePiece TrainStep::encode_images(const Batch& batch, Span rows,
                                               const at::Tensor& text_leaf) const {
  ImagePiece piece;
  const at::Tensor pixels = normalized_pixels(batch, rows, model_, options_.model.precision);
  at::Tensor kept_patches;
  if (batch.kept_patches.defined()) {
    kept_patches = upload(narrow(batch.kept_patches, rows), model_.device());
  }
  {
    const AutocastScope autocast(model_.device().type(),
                                 options_.model.precision == Precision::kAmpBf16);
    piece.features = model_.encode_image(pixels, uses_patches_, kept_patches);
  }
  if (!uses_patches_) return piece;
  const bool trained = piece.features.patches.requires_grad();
  piece.patches_leaf = piece.features.patches.detach().requires_grad_(trained);
  const at::Tensor texts = narrow(objective_->pooling_texts(batch.caption, batch.mask), rows);
  piece.local = objective_->pool(piece.patches_leaf, text_leaf, upload(texts, model_.device()));
  return piece;
}

StepResult TrainStep::evaluate_objective(const Batch& batch, Features& features,
                                         const GlobalSizes& sizes) {
  ObjectiveInput input;
  input.image = features.image;
  input.local = features.local;
  input.text = features.text;
  input.caption = upload(batch.caption, model_.device());
  input.mask = upload(batch.mask, model_.device());
  input.logit_scale = model_.logit_scale().detach();
  return {objective_->evaluate(input, std::move(features.text_gather), sizes, collectives_),
          finite_samples(input)};
}

std::unique_ptr<PendingCollective> TrainStep::reduce_scale(const at::Tensor& grad_scale) {
  at::Tensor logit_scale = model_.logit_scale();
  logit_scale.mutable_grad() = grad_scale * logit_scale.detach().exp();
  return collectives_.all_reduce_sum(logit_scale.grad(), "gradient of the logit scale");
}

StepResult TrainStep::gradients_at_once(const Batch& batch, const GlobalSizes& sizes) {
  const at::Tensor text = encode_text(batch, {0, batch.tokens.size(0)});
  Features features;
  features.text = text.detach();
  // Most of this gather hides behind the image tower.
  features.text_gather = objective_->start_text_gather(features.text, sizes, collectives_);
  const at::Tensor text_leaf = text.detach().requires_grad_(text_is_trained_);
  const ImagePiece images = encode_images(batch, {0, batch.size()}, text_leaf);
  features.image = images.features.image.detach();
  if (uses_patches_) features.local = images.local.detach();
  StepResult step = evaluate_objective(batch, features, sizes);
  ObjectiveResult& result = step.objective;
  const auto scale_reduction = reduce_scale(result.grad_scale);

  // Text before image: the large reduction of the token embedding hides behind the image tower's
  // backward.
  images.backward_local(result.grad_local);
  if (text_leaf.grad().defined()) result.grad_text += text_leaf.grad();
  text_reducer_.arm();
  if (text.requires_grad()) torch::autograd::backward({text}, {result.grad_text});
  // Every rank starts all reductions of the text tower before any of the image tower, even if it
  // has no text.
  text_reducer_.start_remaining();
  image_reducer_.arm();
  images.backward_tower(result.grad_image);
  text_reducer_.finish();
  image_reducer_.finish();
  scale_reduction->wait();
  return step;
}

TrainStep::Features TrainStep::encode_without_graph(const Batch& batch, const GlobalSizes& sizes) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> text, image, local;
  for (const Span rows : cut_rows(batch.tokens.size(0), options_.accum)) {
    text.push_back(encode_text(batch, rows));
  }
  Features features;
  features.text = at::cat(text);
  features.text_gather = objective_->start_text_gather(features.text, sizes, collectives_);
  const at::Tensor text_leaf = features.text.detach().requires_grad_();
  for (const Span rows : cut_rows(batch.size(), options_.accum)) {
    const ImagePiece piece = encode_images(batch, rows, text_leaf);
    image.push_back(piece.features.image);
    if (uses_patches_) local.push_back(piece.local);
  }
  features.image = at::cat(image);
  if (uses_patches_) features.local = at::cat(local);
  return features;
}

StepResult TrainStep::gradients_by_micro_batches(const Batch& batch, const GlobalSizes& sizes) {
  Features features = encode_without_graph(batch, sizes);
  StepResult step = evaluate_objective(batch, features, sizes);
  ObjectiveResult& result = step.objective;
  const auto scale_reduction = reduce_scale(result.grad_scale);

  // Image before text, since every piece's local attention adds to the texts' gradients. A reducer
  // is armed for its tower's last backward. What no gradient needs is not encoded again.
  const at::Tensor text_leaf = features.text.detach().requires_grad_(text_is_trained_);
  std::vector<Span> image_rows, text_rows;
  if (image_is_trained_ || (uses_patches_ && text_is_trained_)) {
    image_rows = cut_rows(batch.size(), options_.accum);
  } else {
    image_reducer_.arm();
  }
  for (size_t i = 0; i < image_rows.size(); ++i) {
    const ImagePiece piece = encode_images(batch, image_rows[i], text_leaf);
    if (uses_patches_) piece.backward_local(narrow(result.grad_local, image_rows[i]));
    if (i + 1 == image_rows.size()) image_reducer_.arm();
    piece.backward_tower(narrow(result.grad_image, image_rows[i]));
  }
  image_reducer_.start_remaining();
  if (text_leaf.grad().defined()) result.grad_text += text_leaf.grad();
  if (text_is_trained_) {
    text_rows = cut_rows(batch.tokens.size(0), options_.accum);
  } else {
    text_reducer_.arm();
  }
  for (size_t i = 0; i < text_rows.size(); ++i) {
    const at::Tensor text = encode_text(batch, text_rows[i]);
    if (i + 1 == text_rows.size()) text_reducer_.arm();
    if (text.requires_grad()) {
      torch::autograd::backward({text}, {narrow(result.grad_text, text_rows[i])});
    }
  }
  image_reducer_.finish();
  text_reducer_.finish();
  scale_reduction->wait();
  return step;
}

StepResult TrainStep::compute_gradients(const Batch& batch, const GlobalSizes& sizes) {
  text_reducer_.zero();
  image_reducer_.zero();
  return options_.accum == 1 ? gradients_at_once(batch, sizes)
                             : gradients_by_micro_batches(batch, sizes);
}

StepResult TrainStep::evaluate(const Batch& batch, const GlobalSizes& sizes) {
  Features features = encode_without_graph(batch, sizes);
  return evaluate_objective(batch, features, sizes);
}

}  // namespace dermatome
