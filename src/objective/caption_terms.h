// What every caption of a rank counts for in MAKE's objective (OBJECTIVE.md, "Captions and texts").
// Pure functions of one rank's tensors.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "src/objective/contrast.h"

namespace dermatome {

struct ObjectiveOptions;

struct CaptionTerms {
  at::Tensor weights;  // [B, N]: diagnosis-guided weights of the valid captions, 0 elsewhere
  ContrastTerms contrast;
};

// The first of the captions that can be positives of the local term in mode `paper`.
int64_t first_local_positive(const ObjectiveOptions& options);

// Whether captions that do not exist are negatives too, and so need a text.
bool missing_are_negatives(const ObjectiveOptions& options);

// [B, N] bool: the captions that are negatives.
at::Tensor negative_captions(const at::Tensor& caption, const at::Tensor& mask,
                             const ObjectiveOptions& options);

// features [B, N, d]: gather_captions() of the texts; caption [B, N] int64; mask [B, N] bool.
CaptionTerms caption_terms(const at::Tensor& features, const at::Tensor& caption,
                           const at::Tensor& mask, const ObjectiveOptions& options);

}  // namespace dermatome
