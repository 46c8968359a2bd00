#include "src/objective/clip_objective.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <utility>

#include "src/core/caption_rows.h"
#include "src/objective/caption_terms.h"
#include "src/objective/contrast.h"
#include "src/objective/local_attention.h"
#include "src/objective/make_objective.h"
#include "src/objective/precision.h"

namespace dermatome {

TextSelection ClipObjective::text_selection() const {
  return {.texts_for_missing = missing_are_negatives(options_), .only_raw_caption = true};
}

int64_t ClipObjective::num_captions() const { return kFirstSubcaption + options_.num_subcaptions; }

std::vector<TermCaptions> ClipObjective::captions_of_terms() const {
  return {{.term = "i2t", .first = kRawCaption, .end = kRawCaption + 1},
          {.term = "t2i", .first = kRawCaption, .end = kRawCaption + 1}};
}

void ClipObjective::check_ranks(int64_t num_ranks) const { check_mode(options_, num_ranks); }

std::optional<PatchWeightsText> ClipObjective::patch_weights_text() const {
  return describe_patch_weights(options_);
}

at::Tensor ClipObjective::patch_weights(const at::Tensor& patches, const at::Tensor& text,
                                        const at::Tensor& rows) const {
  return dermatome::patch_weights(patches, text, rows, options_);
}

ObjectiveResult ClipObjective::evaluate(const ObjectiveInput& input,
                                        std::unique_ptr<RowGather> text_gather,
                                        const GlobalSizes& sizes, Collectives& collectives) const {
  const FullPrecisionScope full_precision;
  const at::NoGradGuard no_grad;
  check(input, sizes, collectives);
  const at::Tensor caption = input.caption.narrow(1, kRawCaption, 1);  // [B, 1]
  const at::Tensor mask = input.mask.narrow(1, kRawCaption, 1);
  const ContrastRows own = contrast_rows(input, caption, /*with_local=*/false);
  const at::Tensor positive = mask.to(own.features.scalar_type());
  const at::Tensor negative =
      negative_captions(caption, mask, options_).to(own.features.scalar_type());
  const ContrastTerms terms = {.i2t = positive,
                               .t2i = positive,
                               .slra = at::zeros_like(positive),
                               .i2t_negative = negative,
                               .slra_negative = negative};
  ContrastResult contrasts = contrast(input, own, terms, {.contrast = options_.lambda_m / 2},
                                      std::move(text_gather), sizes, collectives);
  ObjectiveResult result = std::move(contrasts.gradients);
  result.total = options_.lambda_m * ((contrasts.i2t + contrasts.t2i) / 2);
  result.terms = {{"i2t", contrasts.i2t}, {"t2i", contrasts.t2i}};
  return result;
}

ObjectiveCost ClipObjective::cost(const ObjectiveLoad& load) const {
  return contrast_cost(load, /*with_local=*/false);
}

}  // namespace dermatome
