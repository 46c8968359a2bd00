// MAKE's objective: multi-aspect contrast (MKCL), local alignment (SLRA) and diagnosis-guided
// weights. Equations: src/objective/OBJECTIVE.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "src/config/objective_options.h"
#include "src/objective/objective.h"

namespace dermatome {

// Throws ConfigError for `released` on more than one rank: there the released code has no value.
void check_mode(const ObjectiveOptions& options, int64_t num_ranks);

// Terms: mkcl, slra (0 without local alignment). Details: i2t, t2i, and weights [B, N], 0 where the
// mask is 0.
class MakeObjective : public Objective {
 public:
  explicit MakeObjective(const ObjectiveOptions& options) : options_(options) {}

  bool needs_patches() const override { return options_.local_alignment; }
  // `released` and `negatives: all` expect a text for missing captions too (caption >= 0, mask 0).
  TextSelection text_selection() const override;
  int64_t num_captions() const override;
  std::vector<TermCaptions> captions_of_terms() const override;
  void check_ranks(int64_t num_ranks) const override { check_mode(options_, num_ranks); }
  at::Tensor pooling_texts(const at::Tensor& caption, const at::Tensor& mask) const override;
  at::Tensor pool(const at::Tensor& patches, const at::Tensor& text,
                  const at::Tensor& rows) const override;
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
