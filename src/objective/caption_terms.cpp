#include "src/objective/caption_terms.h"

#include <ATen/ATen.h>

#include <limits>

#include "src/config/objective_options.h"
#include "src/core/caption_rows.h"

namespace dermatome {
namespace {

// [B, N]: a subcaption weighs its softmax entry, over the sample's subcaptions, of the cosine with
// the ontology caption, divided by the largest entry. All other valid captions weigh 1.
at::Tensor caption_weights(const at::Tensor& features, const at::Tensor& mask,
                           const ObjectiveOptions& options) {
  const int64_t num_samples = features.size(0), num_captions = features.size(1);
  const int64_t num_subcaptions = num_captions - kFirstSubcaption;
  at::Tensor weights = mask.to(features.scalar_type());
  if (!options.subcaption_weights || num_subcaptions == 0) return weights;

  at::Tensor ontology = features.select(1, kOntologyCaption);
  at::Tensor subcaptions = features.slice(1, kFirstSubcaption);
  if (options.mode == ObjectiveMode::kReleased) {
    // The released code reads the sample-major rows as caption-major ones.
    const at::Tensor rows = features.flatten(0, 1);
    ontology = rows.narrow(0, kOntologyCaption * num_samples, num_samples);
    subcaptions = rows.slice(0, kFirstSubcaption * num_samples)
                      .view({num_subcaptions, num_samples, features.size(2)})
                      .transpose(0, 1);
  }
  const at::Tensor exists = mask.slice(1, kFirstSubcaption);
  const at::Tensor cosine = (subcaptions * ontology.unsqueeze(1))
                                .sum(2)
                                .masked_fill_(~exists, -std::numeric_limits<double>::infinity());
  // A softmax divided by its maximum needs no normalizer. Samples without subcaptions give NaN
  // here, but there the mask is 0.
  const at::Tensor relative = (cosine - cosine.amax(1, /*keepdim=*/true)).exp_();
  const at::Tensor guided = exists & mask.slice(1, kOntologyCaption, kOntologyCaption + 1);
  at::Tensor subcaption_weights = weights.slice(1, kFirstSubcaption);
  subcaption_weights.copy_(at::where(guided, relative, subcaption_weights));
  return weights;
}

// [B, N] bool: the positives of the local term.
at::Tensor local_positives(const at::Tensor& mask, const ObjectiveOptions& options) {
  at::Tensor positives = mask.clone(at::MemoryFormat::Contiguous);
  if (options.mode == ObjectiveMode::kReleased) {
    // The released code means to drop the raw captions, but drops the first B flat rows.
    positives.view({-1}).slice(0, 0, mask.size(0)).fill_(false);
    return positives;
  }
  positives.slice(1, 0, first_local_positive(options)).fill_(false);
  // Without a raw caption no patch was selected.
  return positives & mask.slice(1, kRawCaption, kRawCaption + 1);
}

}  // namespace

int64_t first_local_positive(const ObjectiveOptions& options) {
  return options.positives == LocalPositives::kSub ? kFirstSubcaption : kRawCaption + 1;
}

bool missing_are_negatives(const ObjectiveOptions& options) {
  return options.mode == ObjectiveMode::kReleased || options.negatives == Negatives::kAll;
}

at::Tensor negative_captions(const at::Tensor& caption, const at::Tensor& mask,
                             const ObjectiveOptions& options) {
  return missing_are_negatives(options) ? caption >= 0 : mask;
}

CaptionTerms caption_terms(const at::Tensor& features, const at::Tensor& caption,
                           const at::Tensor& mask, const ObjectiveOptions& options) {
  const auto type = features.scalar_type();
  const at::Tensor negative = negative_captions(caption, mask, options).to(type);
  CaptionTerms terms;
  terms.weights = caption_weights(features, mask, options);
  ContrastTerms& contrast = terms.contrast;
  contrast.i2t = terms.weights.clone();
  contrast.t2i = mask.to(type);
  contrast.i2t_negative = negative.clone();
  if (!options.mkcl) {
    for (const at::Tensor& term : {contrast.i2t, contrast.t2i, contrast.i2t_negative}) {
      term.slice(1, kRawCaption + 1).zero_();
    }
  }
  contrast.slra = options.local_alignment ? terms.weights * local_positives(mask, options)
                                          : at::zeros_like(terms.weights);
  contrast.slra_negative = negative;
  return terms;
}

}  // namespace dermatome
