#include "src/objective/contrast.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "src/objective/packed_gather.h"
#include "src/objective/precision.h"
#include "src/objective/text_rows.h"
#include "src/objective/tile_math.h"

namespace dermatome {
namespace {

Span own_span(const std::vector<int64_t>& rows, int rank) {
  return {std::accumulate(rows.begin(), rows.begin() + rank, int64_t{0}), rows[rank]};
}

// [B, K]: logits of a sample's vectors with the features of its own captions.
struct OwnLogits {
  at::Tensor image;
  at::Tensor local;  // undefined without local vectors
};

OwnLogits own_logits(const ContrastRows& own) {
  const auto logits = [&](const at::Tensor& vectors) {
    return own.features.matmul(vectors.unsqueeze(2)).squeeze(2).mul_(own.scale);
  };
  return {logits(own.image), own.local.defined() ? logits(own.local) : at::Tensor()};
}

// All ranks' embeddings, and the weight of each row of the softmaxes in its mean.
struct GatheredRows {
  GlobalBatch batch;
  SoftmaxRows weight;
};

GatheredRows gather_rows(const ContrastRows& own, const ContrastTerms& terms,
                         const GlobalSizes& sizes, RowGather& text_gather,
                         Collectives& collectives) {
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
  rows.batch.scale = own.scale;
  rows.batch.own_images = own_span(sizes.images, collectives.rank());
  rows.batch.own_texts = own_span(sizes.texts, collectives.rank());
  rows.weight = {gathered[1].select(1, 0), gathered[1].select(1, 1), gathered[2].select(1, 2)};
  return rows;
}

// For each of the three means its numerator, or a factor on the numerator. 0-dim.
struct PerMean {
  at::Tensor i2t, t2i, slra;
};

PerMean own_numerators(const ContrastRows& own, const ContrastTerms& terms, const OwnLogits& logits,
                       const SoftmaxRows& lse) {
  PerMean sums;
  sums.i2t = (terms.i2t * (lse.i2t.unsqueeze(1) - logits.image)).sum();
  const at::Tensor text_lse = gather_captions(lse.t2i, own.caption);
  sums.t2i = (terms.t2i * (text_lse - logits.image)).sum();
  sums.slra = own.local.defined() ? (terms.slra * (lse.slra.unsqueeze(1) - logits.local)).sum()
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

// 1 / sum of the weights; 0 if the sum is 0, so that a mean over nothing is 0.
PerMean normalizers(const SoftmaxRows& weight) {
  const auto normalizer = [](const at::Tensor& weights) {
    const at::Tensor sum = weights.sum();
    return at::where(sum > 0, sum.reciprocal(), at::zeros_like(sum));
  };
  return {normalizer(weight.i2t), normalizer(weight.t2i), normalizer(weight.slra)};
}

// Adds the part of the positives' logits to the gradients; `per` is d total / d numerator.
void add_positives(const ContrastRows& own, const ContrastTerms& terms, const PerMean& per,
                   EmbeddingGradients& gradients) {
  const auto add = [&](const at::Tensor& by_logit, const at::Tensor& vectors,
                       const at::Tensor& vector_gradient) {
    const at::Tensor derivative = (by_logit * own.scale).neg_();  // [B, K]
    vector_gradient.add_(derivative.unsqueeze(1).matmul(own.features).squeeze(1));
    gradients.text.add_(
        sum_by_text(derivative.unsqueeze(2) * vectors.unsqueeze(1), own.caption, own.text.size(0)));
  };
  add(terms.i2t * per.i2t + terms.t2i * per.t2i, own.image, gradients.image);
  if (own.local.defined()) add(terms.slra * per.slra, own.local, gradients.local);
}

}  // namespace

ContrastRows contrast_rows(const ObjectiveInput& input, const at::Tensor& caption,
                           bool with_local) {
  const c10::ScalarType type = objective_type(input.image.scalar_type());
  ContrastRows own;
  own.scale = input.logit_scale.to(type).exp();
  own.image = input.image.to(type);
  if (with_local) own.local = input.local.to(type);
  own.text = input.text.to(type);
  own.caption = caption;
  own.features = gather_captions(own.text, caption);
  return own;
}

ContrastResult contrast(const ObjectiveInput& input, const ContrastRows& own,
                        const ContrastTerms& terms, const ContrastLambdas& lambdas,
                        std::unique_ptr<RowGather> text_gather, const GlobalSizes& sizes,
                        Collectives& collectives) {
  const OwnLogits logits = own_logits(own);
  const auto [batch, weight] = gather_rows(own, terms, sizes, *text_gather, collectives);
  text_gather.reset();
  const SoftmaxRows own_lse = own_log_sum_exps(batch);
  const auto [lse, numerators] =
      gather_scalars(own_lse, own_numerators(own, terms, logits, own_lse), sizes, collectives);

  const PerMean per = normalizers(weight);
  ContrastResult result;
  result.i2t = numerators.i2t * per.i2t;
  result.t2i = numerators.t2i * per.t2i;
  result.slra = numerators.slra * per.slra;

  EmbeddingGradients gradients = softmax_gradients(
      batch, lse, {weight.i2t * per.i2t, weight.slra * per.slra, weight.t2i * per.t2i},
      lambdas.contrast, lambdas.local);
  add_positives(own, terms,
                {lambdas.contrast * per.i2t, lambdas.contrast * per.t2i, lambdas.local * per.slra},
                gradients);
  // Logits are linear in the scale and in their image's vector, and every logit has one image.
  ObjectiveResult& of_input = result.gradients;
  of_input.grad_scale = (own.image * gradients.image).sum();
  if (own.local.defined()) of_input.grad_scale += (own.local * gradients.local).sum();
  of_input.grad_scale /= own.scale;
  of_input.grad_image = gradients.image.to(input.image.scalar_type());
  if (own.local.defined()) of_input.grad_local = gradients.local.to(input.local.scalar_type());
  of_input.grad_text = gradients.text.to(input.text.scalar_type());
  return result;
}

ObjectiveCost contrast_cost(const ObjectiveLoad& load, bool with_local) {
  const auto& [ranks, images, texts, d] = load;
  const auto product = [](double n, double k, double m) { return 2 * n * k * m; };
  // Tiles of logits: formed for the log-sum-exps and again for the gradients (OBJECTIVE.md).
  const double rows = product(images, d, ranks * texts);
  const double columns = product(ranks * images, d, texts);
  const double tiles = rows + columns - product(images, d, texts);
  ObjectiveCost cost;
  cost.flops = 2 * tiles + rows + columns;
  if (with_local) cost.flops += rows + tiles + rows + columns;

  // The bytes of gathered vectors, their gradients, and tiles of logits. A gather holds its output
  // and the parts that are cut from it.
  constexpr double kFloat = 4;
  const auto extent = static_cast<double>(kTileExtent);
  const double vectors = with_local ? 2 : 1;
  const double own = images * vectors + texts;
  const double tile = std::min(ranks * images, extent) * std::min(ranks * texts, extent);
  cost.bytes = kFloat * ((ranks > 1 ? 2 : 1) * ranks * own * d + 2 * own * d + 3 * tile);

  // Every rank gives each gather so many scalars; gather_rows() and gather_scalars() pack them.
  cost.gathers = {{"text embeddings", texts * d},
                  {"image embeddings", images * (vectors * d + 2) + texts * 3},
                  {"log-sum-exps", images * 2 + texts + 3}};
  return cost;
}

}  // namespace dermatome
