// The contrasts of images with captions over the global batch, from which objectives are built:
// means over positives in softmaxes of all ranks' logits, with exact gradients (OBJECTIVE.md,
// "Exact gradients on any number of ranks"). An objective says what every caption counts for.
//
// It takes three collectives: text embeddings (which the objective starts early), image embeddings
// with the weights of their rows, and scalars of each row.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "src/distributed/collectives.h"
#include "src/objective/objective.h"

namespace dermatome {

// One rank's features in the objective's precision.
struct ContrastRows {
  at::Tensor scale;               // []: the factor on cosines
  at::Tensor image, local, text;  // [B, d], [B, d] or undefined, [U, d]
  at::Tensor caption;             // [B, K]: row of `text`, -1 for none
  at::Tensor features;            // [B, K, d]: the texts of the captions
};

// `caption` [B, K]: the captions of `input` that count for anything. with_local: take input.local.
ContrastRows contrast_rows(const ObjectiveInput& input, const at::Tensor& caption, bool with_local);

// What every caption counts for. All [B, K], of the features' dtype; 0 for a caption that does not
// count.
struct ContrastTerms {
  at::Tensor i2t;            // weight as a positive of the image-to-text contrast
  at::Tensor t2i;            // the same, text to image
  at::Tensor slra;           // the same, pooled patches to text
  at::Tensor i2t_negative;   // 1: in the denominators of i2t
  at::Tensor slra_negative;  // 1: in the denominators of slra
};

// The factors of the three means in the total.
struct ContrastLambdas {
  double contrast = 0;  // of i2t and of t2i
  double local = 0;     // of slra
};

struct ContrastResult {
  at::Tensor i2t, t2i, slra;  // the means, 0-dim; slra is 0 without `local`
  ObjectiveResult gradients;  // gradients of the total; the objective fills in the values
};

// A collective call. `input` is what `own` was made of.
ContrastResult contrast(const ObjectiveInput& input, const ContrastRows& own,
                        const ContrastTerms& terms, const ContrastLambdas& lambdas,
                        std::unique_ptr<RowGather> text_gather, const GlobalSizes& sizes,
                        Collectives& collectives);

// What contrast() costs, with pooled patches or without.
ObjectiveCost contrast_cost(const ObjectiveLoad& load, bool with_local);

}  // namespace dermatome
