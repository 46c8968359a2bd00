#include "src/objective/objective.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <numeric>
#include <utility>

#include "src/config/objective_options.h"
#include "src/core/caption_rows.h"
#include "src/core/error.h"
#include "src/objective/caption_terms.h"
#include "src/objective/packed_gather.h"
#include "src/objective/precision.h"
#include "src/objective/tile_math.h"

namespace dermatome {
namespace {

Span own_span(const std::vector<int64_t>& rows, int rank) {
  return {std::accumulate(rows.begin(), rows.begin() + rank, int64_t{0}), rows[rank]};
}

// [B, N]: logits of vectors [B, d] with the features [B, N, d] of their own captions.
at::Tensor own_logits(const at::Tensor& vectors, const at::Tensor& features,
                      const at::Tensor& scale) {
  return features.matmul(vectors.unsqueeze(2)).squeeze(2).mul_(scale);
}

// One rank's features in the objective's precision, and what follows from them alone.
struct OwnRows {
  at::Tensor image, local, text;  // [B, d], [B, d] or undefined, [U, d]
  at::Tensor caption;             // [B, N]
  at::Tensor features;            // [B, N, d]: the texts of the captions
  CaptionTerms terms;
  at::Tensor image_logits;  // [B, N]
  at::Tensor local_logits;  // [B, N]; undefined without local alignment
};

OwnRows own_rows(const ObjectiveInput& input, const at::Tensor& scale,
                 const ObjectiveOptions& options) {
  OwnRows own;
  own.image = input.image.to(scale.scalar_type());
  own.text = input.text.to(scale.scalar_type());
  own.caption = input.caption;
  own.features = gather_captions(own.text, own.caption);
  own.terms = caption_terms(own.features, own.caption, input.mask, options);
  own.image_logits = own_logits(own.image, own.features, scale);
  if (options.local_alignment) {
    own.local = input.local.to(scale.scalar_type());
    own.local_logits = own_logits(own.local, own.features, scale);
  }
  return own;
}

// Everybody's embeddings, and what each row of the softmaxes weighs in its mean.
struct GatheredRows {
  GlobalBatch batch;
  SoftmaxRows weight;
};

GatheredRows gather_rows(const OwnRows& own, const at::Tensor& scale, const GlobalSizes& sizes,
                         RowGather& text_gather, Collectives& collectives) {
  const CaptionTerms& terms = own.terms;
  const at::Tensor image_weights = at::stack({terms.i2t.sum(1), terms.slra.sum(1)}, 1);
  const at::Tensor text_counts =
      sum_by_text(at::stack({terms.i2t_negative, terms.slra_negative, terms.t2i}, 2), own.caption,
                  own.text.size(0));
  std::vector<GatheredField> fields = {
      {own.image, sizes.images}, {image_weights, sizes.images}, {text_counts, sizes.texts}};
  if (own.local.defined()) fields.push_back({own.local, sizes.images});
  PackedGather image_gather(collectives, std::move(fields), "image embeddings");

  GatheredRows rows;
  rows.batch.text = text_gather.finish();
  const std::vector<at::Tensor> gathered = image_gather.finish();
  rows.batch.image = gathered[0];
  if (own.local.defined()) rows.batch.local = gathered[3];
  rows.batch.i2t_count = gathered[2].select(1, 0);
  rows.batch.slra_count = gathered[2].select(1, 1);
  rows.batch.scale = scale;
  rows.batch.own_images = own_span(sizes.images, collectives.rank());
  rows.batch.own_texts = own_span(sizes.texts, collectives.rank());
  rows.weight = {gathered[1].select(1, 0), gathered[1].select(1, 1), gathered[2].select(1, 2)};
  return rows;
}

// The three means' numerators, or what they are multiplied by. 0-dim.
struct PerMean {
  at::Tensor i2t, t2i, slra;
};

PerMean own_numerators(const OwnRows& own, const SoftmaxRows& lse) {
  PerMean sums;
  sums.i2t = (own.terms.i2t * (lse.i2t.unsqueeze(1) - own.image_logits)).sum();
  const at::Tensor text_lse = gather_captions(lse.t2i, own.caption);
  sums.t2i = (own.terms.t2i * (text_lse - own.image_logits)).sum();
  sums.slra = own.local.defined()
                  ? (own.terms.slra * (lse.slra.unsqueeze(1) - own.local_logits)).sum()
                  : at::zeros_like(sums.i2t);
  return sums;
}

struct GatheredScalars {
  SoftmaxRows lse;
  PerMean numerators;
};

GatheredScalars gather_scalars(const SoftmaxRows& lse, const PerMean& numerators,
                               const GlobalSizes& sizes, Collectives& collectives) {
  const at::Tensor sums = at::stack({numerators.i2t, numerators.t2i, numerators.slra});
  PackedGather gather(collectives,
                      {{lse.i2t, sizes.images},
                       {lse.slra, sizes.images},
                       {lse.t2i, sizes.texts},
                       {sums.unsqueeze(0), std::vector<int64_t>(sizes.images.size(), 1)}},
                      "log-sum-exps");
  const std::vector<at::Tensor> gathered = gather.finish();
  const at::Tensor totals = gathered[3].sum(0);
  return {{gathered[0], gathered[1], gathered[2]}, {totals[0], totals[1], totals[2]}};
}

// 1 / sum of the weights; 0 where nothing has any, so that a mean over nothing is 0.
PerMean normalisers(const SoftmaxRows& weight) {
  const auto normaliser = [](const at::Tensor& weights) {
    const at::Tensor sum = weights.sum();
    return at::where(sum > 0, sum.reciprocal(), at::zeros_like(sum));
  };
  return {normaliser(weight.i2t), normaliser(weight.t2i), normaliser(weight.slra)};
}

// Adds what the positives' logits give the gradients; `per` is d total / d numerator.
void add_positives(const OwnRows& own, const at::Tensor& scale, const PerMean& per,
                   EmbeddingGradients& gradients) {
  const auto add = [&](const at::Tensor& by_logit, const at::Tensor& vectors,
                       const at::Tensor& vector_gradient) {
    const at::Tensor derivative = (by_logit * scale).neg_();  // [B, N]
    vector_gradient.add_(derivative.unsqueeze(1).matmul(own.features).squeeze(1));
    gradients.text.add_(
        sum_by_text(derivative.unsqueeze(2) * vectors.unsqueeze(1), own.caption, own.text.size(0)));
  };
  add(own.terms.i2t * per.i2t + own.terms.t2i * per.t2i, own.image, gradients.image);
  if (own.local.defined()) add(own.terms.slra * per.slra, own.local, gradients.local);
}

}  // namespace

void check_objective_ranks(const ObjectiveOptions& options, int64_t num_ranks) {
  if (options.mode == ObjectiveMode::kReleased && num_ranks > 1) {
    throw ConfigError(
        "objective.mode: released is defined on one process only: it was started on " +
        std::to_string(num_ranks) +
        " ranks, where the released code has no value (it raises in every mode). Start one rank, "
        "or use objective.mode: paper, which gives the same result on any number of ranks.");
  }
}

Objective::Objective(const ObjectiveOptions& options, Collectives& collectives)
    : options_(options), collectives_(collectives) {
  check_objective_ranks(options, collectives.size());
}

void Objective::check(const ObjectiveInput& input, const GlobalSizes& sizes) const {
  const int64_t num_samples = input.image.size(0);
  const std::vector<int64_t> captions = {num_samples, kFirstSubcaption + options_.num_subcaptions};
  const auto rank = static_cast<size_t>(collectives_.rank());
  const auto size = static_cast<size_t>(collectives_.size());
  require(sizes.images.size() == size && sizes.texts.size() == size,
          "the objective needs every rank's numbers of images and texts");
  require(sizes.images[rank] == num_samples && sizes.texts[rank] == input.text.size(0),
          "the objective was told other numbers of images and texts than it was given");
  require(input.caption.sizes() == captions && input.mask.sizes() == captions,
          "captions and mask of the objective must be [B, 3 + num_subcaptions]");
  require(!options_.local_alignment ||
              (input.local.defined() && input.local.sizes() == input.image.sizes()),
          "local alignment needs a local vector for every image");
}

void Objective::start_text_gather(const at::Tensor& text, const GlobalSizes& sizes) {
  require(!text_gather_, "two gathers of text embeddings at once");
  text_gather_.emplace(collectives_, text.to(objective_type(text.scalar_type())), sizes.texts,
                       "text embeddings");
}

ObjectiveResult Objective::evaluate(const ObjectiveInput& input, const GlobalSizes& sizes) {
  const FullPrecisionScope full_precision;
  const at::NoGradGuard no_grad;
  check(input, sizes);
  const at::Tensor scale = input.logit_scale.to(objective_type(input.image.scalar_type())).exp();

  if (!text_gather_) start_text_gather(input.text, sizes);
  const OwnRows own = own_rows(input, scale, options_);
  const auto [batch, weight] = gather_rows(own, scale, sizes, *text_gather_, collectives_);
  text_gather_.reset();
  const SoftmaxRows own_lse = own_log_sum_exps(batch);
  const auto [lse, numerators] =
      gather_scalars(own_lse, own_numerators(own, own_lse), sizes, collectives_);

  const PerMean per = normalisers(weight);
  ObjectiveResult result;
  result.i2t = numerators.i2t * per.i2t;
  result.t2i = numerators.t2i * per.t2i;
  result.slra = numerators.slra * per.slra;
  result.mkcl = (result.i2t + result.t2i) / 2;
  result.total = options_.lambda_m * result.mkcl + options_.lambda_s * result.slra;
  result.weights = own.terms.weights;

  const double lambda_contrast = options_.lambda_m / 2, lambda_local = options_.lambda_s;
  EmbeddingGradients gradients = softmax_gradients(
      batch, lse, {weight.i2t * per.i2t, weight.slra * per.slra, weight.t2i * per.t2i},
      lambda_contrast, lambda_local);
  add_positives(own, scale,
                {lambda_contrast * per.i2t, lambda_contrast * per.t2i, lambda_local * per.slra},
                gradients);
  // Logits are linear in the scale and in their image's vector, and every logit has one image.
  result.grad_scale = (own.image * gradients.image).sum();
  if (own.local.defined()) result.grad_scale += (own.local * gradients.local).sum();
  result.grad_scale /= scale;
  result.grad_image = gradients.image.to(input.image.scalar_type());
  if (own.local.defined()) result.grad_local = gradients.local.to(input.local.scalar_type());
  result.grad_text = gradients.text.to(input.text.scalar_type());
  return result;
}

}  // namespace dermatome
