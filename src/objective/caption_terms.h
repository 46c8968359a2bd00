// What every caption of a rank counts for in the objective's sums (OBJECTIVE.md, "Captions and
// texts"). Pure functions of one rank's tensors.
//
// Captions [B, N] map to texts [U]: caption[i, k] is the row of the text, -1 where there is none.
#pragma once

#include <ATen/core/Tensor.h>

namespace dermatome {

struct ObjectiveOptions;

// All [B, N], of the features' dtype; 0 for a caption that does not count.
struct CaptionTerms {
  at::Tensor weights;        // diagnosis-guided weights of all valid captions
  at::Tensor i2t;            // weight as a positive of the image-to-text contrast
  at::Tensor t2i;            // the same, text to image
  at::Tensor slra;           // the same, local alignment
  at::Tensor i2t_negative;   // 1: in the denominators of i2t
  at::Tensor slra_negative;  // 1: in the denominators of SLRA
};

// Whether captions that do not exist are negatives too, and so need a text.
bool missing_are_negatives(const ObjectiveOptions& options);

// features [B, N, d]: gather_captions() of the texts; caption [B, N] int64; mask [B, N] bool.
CaptionTerms caption_terms(const at::Tensor& features, const at::Tensor& caption,
                           const at::Tensor& mask, const ObjectiveOptions& options);

// Each caption's row of `values` [U, ...]: [B, N, ...], zeros for -1.
at::Tensor gather_captions(const at::Tensor& values, const at::Tensor& caption);

// The transpose: every text's sum of its captions' `values` [B, N, ...]: [num_texts, ...].
at::Tensor sum_by_text(const at::Tensor& values, const at::Tensor& caption, int64_t num_texts);

}  // namespace dermatome
