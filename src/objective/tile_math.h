// The softmaxes of the objective over the global batch, in tiles of logits, without autograd
// (OBJECTIVE.md, "Exact gradients on any number of ranks"). Tensors in, tensors out; no rank.
//
// A part of the batch is "own": only log-sum-exps and gradients of own rows are computed. They need
// the logits of own images with all texts and of all images with own texts; tiles that are both
// are formed once. Memory in addition to the arguments and results: a few tiles.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "src/core/row_range.h"

namespace dermatome {

// G images and T texts of all ranks; dtype float32 or float64, one device.
struct GlobalBatch {
  at::Tensor image;       // [G, d]
  at::Tensor local;       // [G, d]; undefined without local alignment
  at::Tensor text;        // [T, d]
  at::Tensor i2t_count;   // [T]: captions that a text stands for in the denominators of i2t
  at::Tensor slra_count;  // [T]: the same, of SLRA
  at::Tensor scale;       // []: the factor on cosines
  Span own_images, own_texts;
};

// A number for each row of the three softmaxes.
struct SoftmaxRows {
  at::Tensor i2t;   // [images]: image against texts
  at::Tensor slra;  // [images]: local vector against texts
  at::Tensor t2i;   // [texts]: text against images
};

// Logits per side. Large enough for efficient matrix products, 16 MiB per tile in float32.
inline constexpr int64_t kTileExtent = 2048;

// Log-sum-exps of the own rows; 0 for a row without any negative.
SoftmaxRows own_log_sum_exps(const GlobalBatch& batch, int64_t tile_extent = kTileExtent);

struct EmbeddingGradients {
  at::Tensor image;  // [own images, d]
  at::Tensor local;  // [own images, d]; undefined without local alignment
  at::Tensor text;   // [own texts, d]
};

// The gradient, with respect to the own embeddings, of
//   lambda_contrast (weight.i2t . lse.i2t + weight.t2i . lse.t2i)
//     + lambda_local (weight.slra . lse.slra)
// where lse and weight (at least 0) are of all rows: lse is all ranks' own_log_sum_exps().
EmbeddingGradients softmax_gradients(const GlobalBatch& batch, const SoftmaxRows& lse,
                                     const SoftmaxRows& weight, double lambda_contrast,
                                     double lambda_local, int64_t tile_extent = kTileExtent);

}  // namespace dermatome
