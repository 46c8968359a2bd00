// Plain CLIP: the symmetric contrast between images and their raw captions (OBJECTIVE.md, "Plain
// CLIP").
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "src/config/objective_options.h"
#include "src/objective/objective.h"

namespace dermatome {

// Reads the options mode, negatives, num_subcaptions and lambda_m, the factor on the mean of its
// two terms, i2t and t2i; and sigma for the patch weights.
class ClipObjective : public Objective {
 public:
  explicit ClipObjective(const ObjectiveOptions& options) : options_(options) {}

  bool needs_patches() const override { return false; }
  TextSelection text_selection() const override;
  int64_t num_captions() const override;
  std::vector<TermCaptions> captions_of_terms() const override;
  void check_ranks(int64_t num_ranks) const override;
  // The weights that MAKE's local alignment would take, with a note that says so.
  std::optional<PatchWeightsText> patch_weights_text() const override;
  at::Tensor patch_weights(const at::Tensor& patches, const at::Tensor& text,
                           const at::Tensor& rows) const override;
  ObjectiveResult evaluate(const ObjectiveInput& input, std::unique_ptr<RowGather> text_gather,
                           const GlobalSizes& sizes, Collectives& collectives) const override;
  ObjectiveCost cost(const ObjectiveLoad& load) const override;

 private:
  ObjectiveOptions options_;
};

}  // namespace dermatome
