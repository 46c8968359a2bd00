#include "tests/support/plain_objective.h"

#include <ATen/ATen.h>

#include <limits>

#include "src/config/objective_options.h"
#include "src/core/caption_rows.h"

namespace dermatome {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// sum(weights * values) / sum(weights); 0 if the weights are all 0.
at::Tensor weighted_mean(const at::Tensor& values, const at::Tensor& weights) {
  const at::Tensor sum = weights.sum();
  return (weights * values).sum() / at::where(sum > 0, sum, at::ones_like(sum));
}

// [B, N]: 1 for the first three captions, the normalized softmax for subcaptions, 0 where the mask
// is 0.
at::Tensor plain_weights(const at::Tensor& text, const at::Tensor& valid, bool released) {
  const int64_t num_samples = valid.size(0), num_captions = valid.size(1);
  at::Tensor weights = at::ones_like(valid, text.options());
  for (int64_t i = 0; i < num_samples; ++i) {
    for (int64_t k = kFirstSubcaption; k < num_captions; ++k) {
      // The released code reads a sample-major tensor as if it were caption-major.
      const int64_t ontology = released ? kOntologyCaption * num_samples + i
                                        : caption_row(i, kOntologyCaption, num_captions);
      const int64_t subcaption = released ? k * num_samples + i : caption_row(i, k, num_captions);
      weights[i][k] = text[ontology].dot(text[subcaption]);
    }
    if (num_captions == kFirstSubcaption) continue;
    at::Tensor subcaptions = weights[i].slice(0, kFirstSubcaption);
    const at::Tensor exists = valid[i].slice(0, kFirstSubcaption);
    const at::Tensor softmax = subcaptions.masked_fill(~exists, -kInfinity).softmax(0);
    subcaptions.copy_(valid[i][kOntologyCaption].item<bool>() ? softmax / softmax.max()
                                                              : at::ones_like(softmax));
  }
  return at::where(valid, weights, at::zeros_like(weights));
}

at::Tensor plain_local(const at::Tensor& patches, const at::Tensor& selector, double sigma) {
  const at::Tensor cosine = at::einsum("bpd,bd->bp", {patches, selector});
  const at::Tensor kept = at::where(cosine >= sigma, cosine, at::zeros_like(cosine));
  const at::Tensor norm = kept.norm(2, {1}, /*keepdim=*/true).clamp_min(1e-12);
  return at::einsum("bp,bpd->bd", {kept / norm, patches});
}

// [B, N]: the captions that are positives of the local term.
at::Tensor local_positives(const at::Tensor& valid, const ObjectiveOptions& options) {
  at::Tensor positives = valid.clone();
  if (options.mode == ObjectiveMode::kReleased) {
    positives.view({-1}).slice(0, 0, valid.size(0)).fill_(false);
    return positives;
  }
  const bool only_subcaptions = options.positives == LocalPositives::kSub;
  positives.slice(1, 0, only_subcaptions ? kFirstSubcaption : kRawCaption + 1).fill_(false);
  return positives & valid.slice(1, kRawCaption, kRawCaption + 1);
}

// [B, N]: log-sum-exp over the texts `negative` of every image's row of `logits` [B, B*N], minus
// each of its own logits.
at::Tensor image_to_text(const at::Tensor& logits, const at::Tensor& negative,
                         const at::Tensor& own) {
  // If no text is a negative, no text is a positive either.
  if (!negative.any().item<bool>()) return at::zeros_like(negative, logits.options());
  const at::Tensor lse =
      logits.masked_fill(~negative.reshape({1, -1}), -kInfinity).logsumexp(1, /*keepdim=*/true);
  return lse - logits.gather(1, own);
}

}  // namespace

PlainObjective plain_objective(const at::Tensor& image, const at::Tensor& text,
                               const at::Tensor& patches, const at::Tensor& mask,
                               const at::Tensor& scale, const ObjectiveOptions& options) {
  const bool released = options.mode == ObjectiveMode::kReleased;
  const int64_t num_samples = mask.size(0), num_captions = mask.size(1);
  const at::Tensor valid = mask.to(at::kBool);
  const at::Tensor own =
      at::arange(num_samples * num_captions, at::kLong).view({num_samples, num_captions});
  const at::Tensor negative =
      released || options.negatives == Negatives::kAll ? at::ones_like(valid) : valid;

  PlainObjective result;
  result.weights = options.subcaption_weights ? plain_weights(text.detach(), valid, released)
                                              : valid.to(text.scalar_type());

  // Plain CLIP is the same contrast with the raw captions as the only texts.
  at::Tensor contrasted = at::ones_like(valid);
  if (!options.mkcl) contrasted.slice(1, kRawCaption + 1).fill_(false);
  const at::Tensor logits = scale * image.matmul(text.t());
  const at::Tensor positive = (valid & contrasted).to(text.scalar_type());
  result.i2t =
      weighted_mean(image_to_text(logits, negative & contrasted, own), result.weights * positive);
  const at::Tensor text_to_image = logits.logsumexp(0).view_as(own) - logits.gather(1, own);
  result.t2i = weighted_mean(text_to_image, positive);
  result.mkcl = (result.i2t + result.t2i) / 2;

  result.local = at::zeros_like(image);
  result.slra = at::zeros_like(result.mkcl);
  if (options.local_alignment) {
    const at::Tensor selector = released ? text.slice(0, 0, num_samples)
                                         : text.slice(0, kRawCaption, at::nullopt, num_captions);
    result.local = plain_local(patches, selector, options.sigma);
    if (!released) {
      const at::Tensor has_raw = valid.slice(1, kRawCaption, kRawCaption + 1);
      result.local = at::where(has_raw, result.local, at::zeros_like(result.local));
    }
    if (options.renormalize_local) {
      result.local = result.local / result.local.norm(2, {1}, /*keepdim=*/true).clamp_min(1e-12);
    }
    const at::Tensor local_logits = scale * result.local.matmul(text.t());
    result.slra =
        weighted_mean(image_to_text(local_logits, negative, own),
                      result.weights * local_positives(valid, options).to(text.scalar_type()));
  }
  result.total = options.lambda_m * result.mkcl + options.lambda_s * result.slra;
  return result;
}

}  // namespace dermatome
