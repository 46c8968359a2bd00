#include "src/model/checkpointed_block.h"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <tuple>
#include <utility>

#include "src/core/error.h"
#include "src/model/autocast.h"

namespace dermatome {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct CheckpointedBlock : torch::autograd::Function<CheckpointedBlock> {
  static constexpr size_t kNumOptions = 3;  // inputs of forward that are not tensors

  template <class... Parameters>
  static at::Tensor forward(AutogradContext* context, const BlockOptions& options,
                            const AttentionLayoutPtr& layout, BlockRows wanted, const at::Tensor& x,
                            const Parameters&... parameters) {
    const c10::DeviceType device = x.device().type();
    context->saved_data["heads"] = options.heads;
    context->saved_data["activation"] = static_cast<int64_t>(options.activation);
    context->saved_data["norm"] = static_cast<int64_t>(options.norm);
    context->saved_data["norm_eps"] = options.norm_eps;
    context->saved_data["layout"] = c10::IValue::make_capsule(layout);
    context->saved_data["all_rows"] = wanted == BlockRows::kAll;
    context->saved_data["autocast"] = at::autocast::is_autocast_enabled(device);
    context->save_for_backward({x, parameters...});
    return residual_block(x, {parameters...}, options, *layout, wanted);
  }

  static variable_list backward(AutogradContext* context, const variable_list& grad_output) {
    require(!at::GradMode::is_enabled(), "a second derivative of a checkpointed block");
    variable_list inputs = context->get_saved_variables();
    variable_list wanted;
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (!inputs[i].defined()) continue;  // a parameter that the block's family does not have
      inputs[i] = inputs[i].detach();
      if (context->needs_input_grad(i)) wanted.push_back(inputs[i].set_requires_grad(true));
    }
    BlockParameters parameters;
    std::move(inputs.begin() + 1, inputs.end(), parameters.begin());
    const auto& saved = context->saved_data;
    const BlockOptions options{
        .heads = saved.at("heads").toInt(),
        .activation = static_cast<Activation>(saved.at("activation").toInt()),
        .norm = static_cast<NormPlace>(saved.at("norm").toInt()),
        .norm_eps = saved.at("norm_eps").toDouble()};
    const auto capsule = context->saved_data["layout"].toCapsule();
    const auto& layout = static_cast<const AttentionLayout&>(*capsule);
    const BlockRows rows =
        context->saved_data["all_rows"].toBool() ? BlockRows::kAll : BlockRows::kRead;
    at::Tensor output;
    {
      const at::AutoGradMode with_graph(true);
      // Backward runs outside the caller's scope.
      const AutocastScope autocast(inputs[0].device().type(),
                                   context->saved_data["autocast"].toBool());
      output = residual_block(inputs[0], parameters, options, layout, rows);
    }
    const variable_list found = torch::autograd::grad({output}, wanted, {grad_output[0]});
    variable_list gradients(kNumOptions);
    size_t next = 0;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const bool has_gradient = inputs[i].defined() && context->needs_input_grad(i);
      gradients.push_back(has_gradient ? found[next++] : at::Tensor());
    }
    return gradients;
  }
};

}  // namespace

at::Tensor checkpointed_block(const at::Tensor& x, const BlockParameters& parameters,
                              const BlockOptions& options, const AttentionLayoutPtr& layout,
                              BlockRows wanted) {
  return std::apply(
      [&](const auto&... tensors) {
        return CheckpointedBlock::apply(options, layout, wanted, x, tensors...);
      },
      parameters);
}

}  // namespace dermatome
