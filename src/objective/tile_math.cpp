#include "src/objective/tile_math.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>
#include <vector>

namespace dermatome {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Piece {
  Span span;
  bool own;
};

struct Tile {
  Piece images, texts;
};

// [0, total) in pieces of at most `extent`, none of which is partly own.
std::vector<Piece> pieces(int64_t total, Span own, int64_t extent) {
  std::vector<Piece> result;
  const auto cut = [&](int64_t begin, int64_t end, bool is_own) {
    for (; begin < end; begin += extent) {
      result.push_back({{begin, std::min(extent, end - begin)}, is_own});
    }
  };
  cut(0, own.begin, false);
  cut(own.begin, own.end(), true);
  cut(own.end(), total, false);
  return result;
}

// Tiles that hold every pair of image and text of which at least one is own, once.
std::vector<Tile> tiles(const GlobalBatch& batch, int64_t extent) {
  std::vector<Tile> result;
  for (const Piece& images : pieces(batch.image.size(0), batch.own_images, extent)) {
    for (const Piece& texts : pieces(batch.text.size(0), batch.own_texts, extent)) {
      if (images.own || texts.own) result.push_back({images, texts});
    }
  }
  return result;
}

at::Tensor rows(const at::Tensor& tensor, Span span) {
  return tensor.narrow(0, span.begin, span.size);
}

// The rows of `piece`, which is within `own`; `own_rows` holds the rows of `own`.
at::Tensor rows(const at::Tensor& own_rows, Span own, const Piece& piece) {
  return own_rows.narrow(0, piece.span.begin - own.begin, piece.span.size);
}

at::Tensor logits(const at::Tensor& images, const at::Tensor& texts, const at::Tensor& scale) {
  return images.mm(texts.t()).mul_(scale);
}

// lse = log(exp(lse) + sum over `dim` of exp(values)).
void accumulate(at::Tensor lse, const at::Tensor& values, int64_t dim) {
  at::logaddexp_out(lse, lse, values.logsumexp(dim));
}

at::Tensor no_terms(int64_t num_rows, const at::Tensor& like) {
  return at::full({num_rows}, -kInfinity, like.options());
}

// A row without negatives has no weight either; 0 keeps its exponentials 0 rather than NaN.
void finish(const at::Tensor& lse) { lse.masked_fill_(lse == -kInfinity, 0); }

}  // namespace

SoftmaxRows own_log_sum_exps(const GlobalBatch& batch, int64_t tile_extent) {
  const Span own_images = batch.own_images, own_texts = batch.own_texts;
  const at::Tensor i2t_bias = batch.i2t_count.log(), slra_bias = batch.slra_count.log();
  SoftmaxRows lse = {no_terms(own_images.size, batch.image), no_terms(own_images.size, batch.image),
                     no_terms(own_texts.size, batch.image)};
  for (const auto& [images, texts] : tiles(batch, tile_extent)) {
    const at::Tensor text = rows(batch.text, texts.span);
    const at::Tensor global = logits(rows(batch.image, images.span), text, batch.scale);
    if (texts.own) accumulate(rows(lse.t2i, own_texts, texts), global, 0);
    if (!images.own) continue;
    accumulate(rows(lse.i2t, own_images, images), global + rows(i2t_bias, texts.span), 1);
    if (!batch.local.defined()) continue;
    at::Tensor local = logits(rows(batch.local, images.span), text, batch.scale);
    accumulate(rows(lse.slra, own_images, images), local.add_(rows(slra_bias, texts.span)), 1);
  }
  for (const at::Tensor& values : {lse.i2t, lse.slra, lse.t2i}) finish(values);
  return lse;
}

EmbeddingGradients softmax_gradients(const GlobalBatch& batch, const SoftmaxRows& lse,
                                     const SoftmaxRows& weight, double lambda_contrast,
                                     double lambda_local, int64_t tile_extent) {
  const Span own_images = batch.own_images, own_texts = batch.own_texts;
  // weight * count * exp(logit - lse) is one exponential of the logit shifted by row and column.
  const at::Tensor i2t_row = (weight.i2t.log() - lse.i2t).unsqueeze(1);
  const at::Tensor slra_row = (weight.slra.log() - lse.slra).unsqueeze(1);
  const at::Tensor t2i_column = weight.t2i.log() - lse.t2i;
  const at::Tensor i2t_column = batch.i2t_count.log(), slra_column = batch.slra_count.log();

  EmbeddingGradients gradients;
  const int64_t width = batch.image.size(1);
  gradients.image = at::zeros({own_images.size, width}, batch.image.options());
  if (batch.local.defined()) gradients.local = at::zeros_like(gradients.image);
  gradients.text = at::zeros({own_texts.size, width}, batch.text.options());

  for (const auto& tile : tiles(batch, tile_extent)) {
    const Piece &images = tile.images, &texts = tile.texts;
    const at::Tensor text = rows(batch.text, texts.span);
    // Adds to both sides' gradients what the derivative of the loss by the logits of `queries` with
    // `text` implies.
    const auto add = [&](const at::Tensor& derivative, const at::Tensor& queries,
                         const at::Tensor& query_gradient, double lambda) {
      if (images.own) {
        rows(query_gradient, own_images, images).addmm_(derivative, text, 1, lambda);
      }
      if (texts.own) {
        rows(gradients.text, own_texts, texts).addmm_(derivative.t(), queries, 1, lambda);
      }
    };
    const at::Tensor image = rows(batch.image, images.span);
    at::Tensor global = logits(image, text, batch.scale);
    const at::Tensor as_row =
        (global + rows(i2t_row, images.span)).add_(rows(i2t_column, texts.span)).exp_();
    global.add_(rows(t2i_column, texts.span)).exp_().add_(as_row);
    add(global, image, gradients.image, lambda_contrast);
    if (!batch.local.defined()) continue;
    const at::Tensor local = rows(batch.local, images.span);
    const at::Tensor derivative = logits(local, text, batch.scale)
                                      .add_(rows(slra_row, images.span))
                                      .add_(rows(slra_column, texts.span))
                                      .exp_();
    add(derivative, local, gradients.local, lambda_local);
  }
  gradients.image.mul_(batch.scale);
  if (batch.local.defined()) gradients.local.mul_(batch.scale);
  gradients.text.mul_(batch.scale);
  return gradients;
}

}  // namespace dermatome
