// MAKE's objective (multi-aspect contrast MKCL + local alignment SLRA + diagnosis-guided weights)
// on the global batch, with exact gradients on any number of ranks. Equations:
// src/objective/OBJECTIVE.md.
//
// Each rank brings its own embeddings. Three collectives (text embeddings; image embeddings with
// what their rows weigh; per-row scalars) give every rank the global batch's value and the complete
// gradient of its own embeddings: no gradient of an embedding travels. One object belongs to one
// thread.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "src/config/objective_options.h"
#include "src/distributed/collectives.h"
#include "src/objective/local_attention.h"

namespace dermatome {

// Rows every rank contributes; known on the host before the step.
struct GlobalSizes {
  std::vector<int64_t> images;  // [W]
  std::vector<int64_t> texts;   // [W], distinct texts
};

// One rank's part of the batch, on one device. Features are L2-normalised and detached. Computed in
// float64 if the images' features are, else in float32; gradients have their features' dtype.
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
  at::Tensor weights;  // [B, N], this rank's; 0 where mask is 0
  // d total / d this rank's embeddings, complete (all roles, all ranks).
  at::Tensor grad_image;  // [B, d]
  at::Tensor grad_local;  // [B, d]; undefined without local alignment
  at::Tensor grad_text;   // [U, d]
  // This rank's share of d total / d exp(logit_scale), 0-dim; the sum over ranks is the gradient.
  at::Tensor grad_scale;
};

// Throws ConfigError for `released` on more than one rank.
void check_objective_ranks(const ObjectiveOptions& options, int64_t num_ranks);

class Objective {
 public:
  // Throws as check_objective_ranks(). `collectives` must outlive the object.
  Objective(const ObjectiveOptions& options, Collectives& collectives);

  // Starts the gather of text embeddings early, so that it hides behind the image tower. At most
  // one is under way; the next evaluate() uses it.
  void start_text_gather(const at::Tensor& text, const GlobalSizes& sizes);

  // Value and gradients. A collective call: every rank takes part, also one without texts.
  // `released`, or `negatives: all`, expect a text for missing captions too (caption >= 0, mask 0).
  ObjectiveResult evaluate(const ObjectiveInput& input, const GlobalSizes& sizes);

 private:
  void check(const ObjectiveInput& input, const GlobalSizes& sizes) const;

  ObjectiveOptions options_;
  Collectives& collectives_;
  std::optional<RowGather> text_gather_;
};

}  // namespace dermatome
