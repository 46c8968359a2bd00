#include "src/objective/text_rows.h"

#include <ATen/ATen.h>

#include <vector>

namespace dermatome {

at::Tensor gather_captions(const at::Tensor& values, const at::Tensor& caption) {
  std::vector<int64_t> shape = values.sizes().vec();
  shape[0] = 1;
  // -1 maps to row 0, which is zeros.
  const at::Tensor padded = at::cat({at::zeros(shape, values.options()), values});
  shape[0] = caption.size(1);
  shape.insert(shape.begin(), caption.size(0));
  return padded.index_select(0, (caption + 1).reshape({-1})).view(shape);
}

at::Tensor sum_by_text(const at::Tensor& values, const at::Tensor& caption, int64_t num_texts) {
  std::vector<int64_t> shape = values.sizes().slice(1).vec();
  shape[0] = num_texts + 1;
  return at::zeros(shape, values.options())
      .index_add_(0, (caption + 1).reshape({-1}), values.flatten(0, 1))
      .slice(0, 1);
}

}  // namespace dermatome
