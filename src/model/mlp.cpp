#include "src/model/mlp.h"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include "src/core/error.h"
#include "src/model/autocast.h"

namespace dermatome {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// x sigmoid(c x) is silu(c x) / c. The matrix products around it apply both factors, so that the
// activation is one pass over memory, by a kernel that every device has.
constexpr double kQuickGelu = 1.702;

// The factor by which the kept output of fc is multiplied.
double inner_scale(Activation activation) {
  return activation == Activation::kQuickGelu ? kQuickGelu : 1.0;
}

// The name that at::gelu() has for its own kinds.
const char* approximation(Activation activation) {
  return activation == Activation::kTanhGelu ? "tanh" : "none";
}

at::Tensor activate(const at::Tensor& hidden, Activation activation) {
  return activation == Activation::kQuickGelu ? at::silu(hidden)
                                              : at::gelu(hidden, approximation(activation));
}

at::Tensor activate_backward(const at::Tensor& gradient, const at::Tensor& hidden,
                             Activation activation) {
  return activation == Activation::kQuickGelu
             ? at::silu_backward(gradient, hidden)
             : at::gelu_backward(gradient, hidden, approximation(activation));
}

// factor * a b
at::Tensor product(const at::Tensor& a, const at::Tensor& b, double factor) {
  return factor == 1 ? a.mm(b) : at::addmm(at::zeros({1, 1}, a.options()), a, b, 0, factor);
}

struct Mlp : torch::autograd::Function<Mlp> {
  enum Input : size_t { kX, kFcWeight, kFcBias, kProjWeight, kProjBias, kNumInputs };

  static at::Tensor forward(AutogradContext* context, Activation activation, const at::Tensor& x,
                            const at::Tensor& fc_weight, const at::Tensor& fc_bias,
                            const at::Tensor& proj_weight, const at::Tensor& proj_bias) {
    const c10::DeviceType device = x.device().type();
    const c10::ScalarType type = at::autocast::is_autocast_enabled(device)
                                     ? at::autocast::get_autocast_dtype(device)
                                     : x.scalar_type();
    const AutocastScope no_autocast(device, /*enabled=*/false);
    const at::Tensor input = x.to(type);
    const double scale = inner_scale(activation);
    const at::Tensor hidden =
        at::addmm(fc_bias.to(type), input, fc_weight.to(type).t(), scale, scale);
    context->saved_data["activation"] = static_cast<int64_t>(activation);
    context->saved_data["x_type"] = x.scalar_type();
    context->save_for_backward({input, fc_weight, proj_weight, hidden});
    return at::addmm(proj_bias.to(type), activate(hidden, activation), proj_weight.to(type).t(), 1,
                     1 / scale);
  }

  static variable_list backward(AutogradContext* context, const variable_list& grad_output) {
    require(!at::GradMode::is_enabled(), "a second derivative of the MLP");
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &fc_weight = saved[1], &proj_weight = saved[2],
                     &hidden = saved[3];
    const auto activation = static_cast<Activation>(context->saved_data["activation"].toInt());
    const auto x_type = context->saved_data["x_type"].toScalarType();
    const c10::ScalarType type = hidden.scalar_type();
    const AutocastScope no_autocast(x.device().type(), /*enabled=*/false);
    const at::Tensor gradient = grad_output[0].contiguous();
    const auto wanted = [&](Input input) { return context->needs_input_grad(input); };

    variable_list gradients(1 + kNumInputs);  // the first input is not a tensor
    const auto result = [&](Input input) -> at::Tensor& { return gradients[1 + input]; };
    if (wanted(kProjBias)) result(kProjBias) = gradient.sum(0).to(proj_weight.scalar_type());
    if (wanted(kProjWeight)) {
      result(kProjWeight) =
          product(gradient.t(), activate(hidden, activation), 1 / inner_scale(activation))
              .to(proj_weight.scalar_type());
    }
    if (!wanted(kX) && !wanted(kFcWeight) && !wanted(kFcBias)) return gradients;
    // The two factors cancel.
    const at::Tensor of_hidden =
        activate_backward(gradient.mm(proj_weight.to(type)), hidden, activation);
    if (wanted(kFcBias)) result(kFcBias) = of_hidden.sum(0).to(fc_weight.scalar_type());
    if (wanted(kFcWeight)) {
      result(kFcWeight) = of_hidden.t().mm(x).to(fc_weight.scalar_type());
    }
    if (wanted(kX)) result(kX) = of_hidden.mm(fc_weight.to(type)).to(x_type);
    return gradients;
  }
};

}  // namespace

at::Tensor mlp(const at::Tensor& x, const MlpParameters& parameters, Activation activation) {
  return Mlp::apply(activation, x, parameters.fc_weight, parameters.fc_bias, parameters.proj_weight,
                    parameters.proj_bias);
}

}  // namespace dermatome
