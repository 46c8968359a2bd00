#include "src/objective/make_objective.h"

#include <ATen/core/grad_mode.h>

#include <utility>

#include "src/core/caption_rows.h"
#include "src/core/error.h"
#include "src/core/text.h"
#include "src/objective/caption_terms.h"
#include "src/objective/contrast.h"
#include "src/objective/local_attention.h"
#include "src/objective/precision.h"

namespace dermatome {

void check_mode(const ObjectiveOptions& options, int64_t num_ranks) {
  if (options.mode == ObjectiveMode::kReleased && num_ranks > 1) {
    throw ConfigError(text(
        "objective.mode: released is defined on one process only: it was started on ", num_ranks,
        " ranks, where the released code has no value (it raises in every mode). Start one "
        "rank, or use objective.mode: paper, which gives the same result on any number of "
        "ranks."));
  }
}

TextSelection MakeObjective::text_selection() const {
  return {.texts_for_missing = missing_are_negatives(options_)};
}

int64_t MakeObjective::num_captions() const { return kFirstSubcaption + options_.num_subcaptions; }

std::vector<TermCaptions> MakeObjective::captions_of_terms() const {
  const int64_t end = num_captions();
  std::vector<TermCaptions> terms = {
      {.term = "mkcl", .first = kRawCaption, .end = options_.mkcl ? end : kRawCaption + 1}};
  if (!options_.local_alignment) return terms;
  if (options_.mode == ObjectiveMode::kReleased) {
    // The released code drops other rows than the raw captions, and pools by other ones, too.
    terms.push_back({.term = "slra", .first = kRawCaption, .end = end});
  } else {
    terms.push_back(
        {.term = "slra", .first = first_local_positive(options_), .end = end, .needs_raw = true});
  }
  return terms;
}

at::Tensor MakeObjective::pooling_texts(const at::Tensor& caption, const at::Tensor& mask) const {
  return selector_rows(caption, mask, options_);
}

at::Tensor MakeObjective::pool(const at::Tensor& patches, const at::Tensor& text,
                               const at::Tensor& rows) const {
  return attend_patches(patches, text, rows, options_);
}

std::optional<PatchWeightsText> MakeObjective::patch_weights_text() const {
  return describe_patch_weights(options_);
}

at::Tensor MakeObjective::patch_weights(const at::Tensor& patches, const at::Tensor& text,
                                        const at::Tensor& rows) const {
  return dermatome::patch_weights(patches, text, rows, options_);
}

ObjectiveResult MakeObjective::evaluate(const ObjectiveInput& input,
                                        std::unique_ptr<RowGather> text_gather,
                                        const GlobalSizes& sizes, Collectives& collectives) const {
  const FullPrecisionScope full_precision;
  const at::NoGradGuard no_grad;
  check(input, sizes, collectives);
  const ContrastRows own = contrast_rows(input, input.caption, needs_patches());
  const CaptionTerms terms = caption_terms(own.features, own.caption, input.mask, options_);
  const double lambda_m = options_.lambda_m, lambda_s = options_.lambda_s;
  ContrastResult contrasts =
      contrast(input, own, terms.contrast, {.contrast = lambda_m / 2, .local = lambda_s},
               std::move(text_gather), sizes, collectives);
  const at::Tensor mkcl = (contrasts.i2t + contrasts.t2i) / 2;
  ObjectiveResult result = std::move(contrasts.gradients);
  result.total = lambda_m * mkcl + lambda_s * contrasts.slra;
  result.terms = {{"mkcl", mkcl}, {"slra", contrasts.slra}};
  result.details = {{"i2t", contrasts.i2t}, {"t2i", contrasts.t2i}, {"weights", terms.weights}};
  return result;
}

ObjectiveCost MakeObjective::cost(const ObjectiveLoad& load) const {
  return contrast_cost(load, options_.local_alignment);
}

}  // namespace dermatome
