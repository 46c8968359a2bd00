// MAKE's objective (multi-aspect contrast MKCL + local alignment SLRA + diagnosis-guided weights) on the global batch, with
// exact gradients on any number of ranks. Equations: src/objective/OBJECTIVE.md.
//
// Each rank brings its own embeddings. After one gather of embeddings and one of per-row scalars every rank holds
// the global batch's value and the complete gradient of its own embeddings: no gradient of an embedding travels.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "src/config/options.h"
#include "src/distributed/collectives.h"

namespace dermatome {

// Rows every rank contributes; known on the host before the step.
struct GlobalSizes {
  std::vector<int64_t> images;  // [W]
  std::vector<int64_t> texts;   // [W], distinct texts
};

// One rank's part of the batch. Features are L2-normalised, detached, of one floating dtype, on one device.
struct ObjectiveInput {
  at::Tensor image;        // [B, d]
  at::Tensor local;        // [B, d], attend_patches(); undefined without local alignment
  at::Tensor text;         // [U, d], distinct texts of this rank
  at::Tensor caption;      // [B, N] int64: row of `text`, or -1 where there is no text at all
  at::Tensor mask;         // [B, N] bool: the caption is valid (implies caption >= 0)
  at::Tensor logit_scale;  // []: the learned parameter; cosines are multiplied by its exp
};

struct ObjectiveResult {
  // Of the global batch, equal on all ranks. 0-dim. slra is 0 without local alignment.
  at::Tensor total, mkcl, slra, i2t, t2i;
  at::Tensor weights;           // [B, N], this rank's; 0 where mask is 0
  // d total / d this rank's embeddings, complete (all roles, all ranks).
  at::Tensor grad_image;        // [B, d]
  at::Tensor grad_local;        // [B, d]; undefined without local alignment
  at::Tensor grad_text;         // [U, d]
  // This rank's share of d total / d exp(logit_scale), 0-dim; the sum over ranks is the gradient.
  at::Tensor grad_scale;
};

// SLRA's e_i: a sample's patches, weighted by their cosine with its raw caption (those below sigma dropped, weights L2-normalised
// over patches), summed. Differentiable in both arguments.
//   patches [B, P, d], raw [B, d], has_raw [B] bool: rows without a raw caption give 0. Returns [B, d].
at::Tensor attend_patches(const at::Tensor& patches, const at::Tensor& raw, const at::Tensor& has_raw,
                          const ObjectiveOptions& options);

// Which row of `text` selects sample i's patches: [B] int64, -1 for none. Its own raw caption; in `released` mode
// caption i % N of sample i / N, as the released code indexes.
at::Tensor selector_rows(const at::Tensor& caption, const at::Tensor& mask, const ObjectiveOptions& options);

class Objective {
 public:
  // Throws ConfigError for `released` on more than one rank.
  Objective(const ObjectiveOptions& options, Collectives& collectives);

  // Starts the gather of text embeddings early, so that it hides behind the image tower. At most one is under way;
  // the next evaluate() uses it.
  void start_text_gather(const at::Tensor& text, const GlobalSizes& sizes);

  // Value and gradients. A collective call: every rank takes part, also one without texts. `released`, or
  // `negatives: all`, expect a text for missing captions too (caption >= 0, mask 0).
  ObjectiveResult evaluate(const ObjectiveInput& input, const GlobalSizes& sizes);

 private:
  ObjectiveOptions options_;
  Collectives& collectives_;
  std::optional<RowGather> text_gather_;
};

}  // namespace dermatome
