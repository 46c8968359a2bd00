// One training step up to the gradients: towers forward, objective, towers backward, gradients
// summed over ranks.
#pragma once

#include "src/config/options.h"
#include "src/data/batch.h"
#include "src/distributed/collectives.h"
#include "src/distributed/gradient_reducer.h"
#include "src/model/clip.h"
#include "src/objective/objective.h"

namespace dermatome {

// The embeddings of a batch, as the objective wants them, with the graphs that lead back to the
// parameters.
struct Embeddings {
  at::Tensor text;          // [U, d]
  ImageFeatures image;      // patches only with local alignment
  at::Tensor text_leaf;     // text, cut off from its tower
  at::Tensor patches_leaf;  // image.patches, likewise; undefined without local alignment
  at::Tensor local;         // [B, d] from the two leaves; undefined without local alignment
};

class TrainStep {
 public:
  // All arguments must outlive the step.
  TrainStep(Clip& model, Collectives& collectives, const TrainOptions& options);

  // Leaves the global batch's gradient in every parameter's .grad, equal on all ranks, and returns
  // the objective's values (gradients of embeddings included). pixels [B, 3, H, W]: the batch's
  // images, normalised. A collective call.
  ObjectiveResult compute_gradients(const at::Tensor& pixels, const Batch& batch,
                                    const GlobalSizes& sizes);

  // The objective's values alone. A collective call.
  ObjectiveResult evaluate(const at::Tensor& pixels, const Batch& batch, const GlobalSizes& sizes);

 private:
  Embeddings encode(const at::Tensor& pixels, const Batch& batch, const GlobalSizes& sizes);
  ObjectiveResult evaluate_objective(const Batch& batch, const Embeddings& embeddings,
                                     const GlobalSizes& sizes);

  Clip& model_;
  Collectives& collectives_;
  const TrainOptions& options_;
  bool uses_patches_;
  Objective objective_;
  GradientReducer text_reducer_;
  GradientReducer image_reducer_;
};

}  // namespace dermatome
