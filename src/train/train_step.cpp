#include "src/train/train_step.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <utility>

#include "src/model/autocast.h"

namespace dermatome {

TrainStep::TrainStep(Clip& model, Collectives& collectives, const TrainOptions& options)
    : model_(model),
      collectives_(collectives),
      options_(options),
      uses_patches_(options.objective.local_alignment),
      objective_(options.objective, collectives),
      text_reducer_(model.text_parameters(), collectives, options.runtime.bucket_mb << 20),
      image_reducer_(model.image_parameters(), collectives, options.runtime.bucket_mb << 20) {}

Embeddings TrainStep::encode(const at::Tensor& pixels, const Batch& batch,
                             const GlobalSizes& sizes) {
  Embeddings out;
  {
    const AutocastScope autocast(model_.device().type(),
                                 options_.model.precision == Precision::kAmpBf16);
    out.text = model_.encode_text(batch.tokens, batch.lengths);
    // Most of this gather hides behind the image tower.
    objective_.start_text_gather(out.text.detach(), sizes);
    out.image = model_.encode_image(pixels, uses_patches_);
  }
  out.text_leaf = out.text.detach().requires_grad_();
  if (uses_patches_) {
    out.patches_leaf = out.image.patches.detach().requires_grad_();
    const at::Tensor selector =
        selector_rows(batch.caption, batch.mask, options_.objective).to(model_.device());
    out.local = attend_patches(out.patches_leaf, out.text_leaf, selector, options_.objective);
  }
  return out;
}

ObjectiveResult TrainStep::evaluate_objective(const Batch& batch, const Embeddings& embeddings,
                                              const GlobalSizes& sizes) {
  ObjectiveInput input;
  input.image = embeddings.image.image.detach();
  if (uses_patches_) input.local = embeddings.local.detach();
  input.text = embeddings.text.detach();
  input.caption = batch.caption.to(model_.device());
  input.mask = batch.mask.to(model_.device());
  input.logit_scale = model_.logit_scale().detach();
  return objective_.evaluate(input, sizes);
}

ObjectiveResult TrainStep::compute_gradients(const at::Tensor& pixels, const Batch& batch,
                                             const GlobalSizes& sizes) {
  text_reducer_.zero();
  image_reducer_.zero();
  const Embeddings embeddings = encode(pixels, batch, sizes);
  ObjectiveResult result = evaluate_objective(batch, embeddings, sizes);

  at::Tensor logit_scale = model_.logit_scale();
  logit_scale.mutable_grad() = result.grad_scale * logit_scale.detach().exp();
  const auto scale_reduction =
      collectives_.all_reduce_sum(logit_scale.grad(), "gradient of the logit scale");

  // Text before image: the large reduction of the token embedding hides behind the image tower's
  // backward.
  at::Tensor grad_text = result.grad_text;
  if (uses_patches_) {
    torch::autograd::backward({embeddings.local}, {result.grad_local});
    grad_text = grad_text + embeddings.text_leaf.grad();
  }
  text_reducer_.arm();
  if (embeddings.text.requires_grad()) torch::autograd::backward({embeddings.text}, {grad_text});
  // All of the text tower's reductions before any of the image tower's, also on a rank without
  // text.
  text_reducer_.start_remaining();
  image_reducer_.arm();
  if (uses_patches_) {
    torch::autograd::backward({embeddings.image.image, embeddings.image.patches},
                              {result.grad_image, embeddings.patches_leaf.grad()});
  } else {
    torch::autograd::backward({embeddings.image.image}, {result.grad_image});
  }
  text_reducer_.finish();
  image_reducer_.finish();
  scale_reduction->wait();
  return result;
}

ObjectiveResult TrainStep::evaluate(const at::Tensor& pixels, const Batch& batch,
                                    const GlobalSizes& sizes) {
  const at::NoGradGuard no_grad;
  return evaluate_objective(batch, encode(pixels, batch, sizes), sizes);
}

}  // namespace dermatome
