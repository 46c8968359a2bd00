// One training step up to the gradients: towers forward, objective, towers backward, gradients
// summed over ranks.
//
// With accum = K > 1 a rank's batch is encoded in K micro-batches without a graph, the objective is
// evaluated once on all of it, and every micro-batch is encoded again for its backward. Memory
// follows the micro-batch; the result and the collectives are those of K = 1.
#pragma once

#include <memory>

#include "src/core/row_range.h"
#include "src/data/batch.h"
#include "src/distributed/collectives.h"
#include "src/distributed/gradient_reducer.h"
#include "src/model/clip.h"
#include "src/objective/objective.h"

namespace dermatome {

struct TrainOptions;

struct StepResult {
  ObjectiveResult objective;  // gradients of embeddings included
  at::Tensor finite_samples;  // [B] bool, on the device: all embeddings of the sample are finite
};

class TrainStep {
 public:
  // With the objective of the options. Model, collectives and options must outlive the step. Throws
  // ConfigError if the objective is not defined on this number of ranks.
  TrainStep(Clip& model, Collectives& collectives, const TrainOptions& options);
  // With any objective.
  TrainStep(Clip& model, Collectives& collectives, const TrainOptions& options,
            std::unique_ptr<const Objective> objective);

  // Leaves the global batch's gradient in every trained parameter's .grad, equal on all ranks, and
  // returns the objective's values. batch.images [B, 3, H, W] are uint8, or float and normalized
  // already. A collective call.
  StepResult compute_gradients(const Batch& batch, const GlobalSizes& sizes);

  // The objective's values alone. A collective call.
  StepResult evaluate(const Batch& batch, const GlobalSizes& sizes);

 private:
  struct ImagePiece;
  struct Features;

  at::Tensor encode_text(const Batch& batch, Span rows) const;
  ImagePiece encode_images(const Batch& batch, Span rows, const at::Tensor& text_leaf) const;
  Features encode_without_graph(const Batch& batch, const GlobalSizes& sizes);
  // Takes the gather out of `features`.
  StepResult evaluate_objective(const Batch& batch, Features& features, const GlobalSizes& sizes);
  // Starts the sum over ranks of the logit scale's gradient.
  std::unique_ptr<PendingCollective> reduce_scale(const at::Tensor& grad_scale);
  StepResult gradients_at_once(const Batch& batch, const GlobalSizes& sizes);
  StepResult gradients_by_micro_batches(const Batch& batch, const GlobalSizes& sizes);

  Clip& model_;
  Collectives& collectives_;
  const TrainOptions& options_;
  std::unique_ptr<const Objective> objective_;
  bool uses_patches_;
  // Whether any parameter of the tower is.
  bool image_is_trained_, text_is_trained_;
  GradientReducer text_reducer_;
  GradientReducer image_reducer_;
};

}  // namespace dermatome
