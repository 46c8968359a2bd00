#include "src/objective/local_attention.h"

#include <ATen/ATen.h>

#include "src/config/objective_options.h"
#include "src/core/caption_rows.h"
#include "src/objective/precision.h"
#include "src/objective/text_rows.h"

namespace dermatome {
namespace {

// The released code guards its norms in the same way: a sample without a selected patch gives 0,
// not NaN.
constexpr double kSmallestNorm = 1e-12;

at::Tensor normalize(const at::Tensor& vectors) {
  return vectors / vectors.norm(2, {1}, /*keepdim=*/true).clamp_min(kSmallestNorm);
}

}  // namespace

at::Tensor patch_weights(const at::Tensor& patches, const at::Tensor& text,
                         const at::Tensor& selector, const ObjectiveOptions& options) {
  const FullPrecisionScope full_precision;
  const c10::ScalarType type = objective_type(patches.scalar_type());
  const at::Tensor query = gather_captions(text.to(type), selector.unsqueeze(1));       // [B, 1, d]
  const at::Tensor cosine = patches.to(type).matmul(query.transpose(1, 2)).squeeze(2);  // [B, P]
  const at::Tensor selected = (cosine >= options.sigma) & (selector >= 0).unsqueeze(1);
  return normalize(cosine * selected);
}

at::Tensor attend_patches(const at::Tensor& patches, const at::Tensor& text,
                          const at::Tensor& selector, const ObjectiveOptions& options) {
  const FullPrecisionScope full_precision;
  const at::Tensor keys = patches.to(objective_type(patches.scalar_type()));
  const at::Tensor weights = patch_weights(keys, text, selector, options);
  const at::Tensor pooled = weights.unsqueeze(1).matmul(keys).squeeze(1);  // [B, d]
  return options.renormalize_local ? normalize(pooled) : pooled;
}

at::Tensor selector_rows(const at::Tensor& caption, const at::Tensor& mask,
                         const ObjectiveOptions& options) {
  if (options.mode == ObjectiveMode::kReleased) {
    return caption.reshape({-1}).slice(0, 0, caption.size(0));
  }
  const at::Tensor raw = caption.select(1, kRawCaption);
  return raw.masked_fill(~mask.select(1, kRawCaption), -1);
}

}  // namespace dermatome
