#include "src/model/row_lookup.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "src/core/error.h"

namespace dermatome {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct RowLookup : torch::autograd::Function<RowLookup> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& rows,
                            const at::Tensor& index) {
    context->save_for_backward({index});
    context->saved_data["num_rows"] = rows.size(0);
    return rows.index_select(0, index);
  }

  static variable_list backward(AutogradContext* context, const variable_list& grad_output) {
    require(!at::GradMode::is_enabled(), "a second derivative of look_up_rows");
    const at::Tensor index = context->get_saved_variables()[0];
    const at::Tensor& gradient = grad_output[0];
    const at::Tensor sums = at::zeros({context->saved_data["num_rows"].toInt(), gradient.size(1)},
                                      gradient.options().dtype(at::kFloat))
                                .index_add_(0, index, gradient.to(at::kFloat));
    return {sums.to(gradient.scalar_type()), at::Tensor()};
  }
};

}  // namespace

at::Tensor look_up_rows(const at::Tensor& rows, const at::Tensor& index) {
  return RowLookup::apply(rows, index);
}

}  // namespace dermatome
