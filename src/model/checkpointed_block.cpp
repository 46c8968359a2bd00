#include "src/model/checkpointed_block.h"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <utility>

#include "src/core/error.h"
#include "src/model/autocast.h"

namespace dermatome {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// The parameters that a block's family has, in their order, and which they are: bit i is set if
// parameter i is there. The autograd function takes no undefined tensors.
variable_list present(const BlockParameters& parameters, int64_t& which) {
  variable_list list;
  which = 0;
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (!parameters[i].defined()) continue;
    list.push_back(parameters[i]);
    which |= int64_t{1} << i;
  }
  return list;
}

BlockParameters all_parameters(at::TensorList present, int64_t which) {
  BlockParameters parameters;
  size_t next = 0;
  for (size_t i = 0; i < parameters.size(); ++i) {
    if ((which >> i & 1) != 0) parameters[i] = present[next++];
  }
  return parameters;
}

struct CheckpointedBlock : torch::autograd::Function<CheckpointedBlock> {
  static constexpr size_t kNumOptions = 4;  // inputs of forward that are not tensors

  static at::Tensor forward(AutogradContext* context, const BlockOptions& options,
                            const AttentionLayoutPtr& layout, BlockRows wanted, int64_t which,
                            const at::Tensor& x, at::TensorList parameters) {
    const c10::DeviceType device = x.device().type();
    auto& saved = context->saved_data;
    saved["heads"] = options.heads;
    saved["activation"] = static_cast<int64_t>(options.activation);
    saved["norm"] = static_cast<int64_t>(options.norm);
    saved["norm_eps"] = options.norm_eps;
    saved["layout"] = c10::IValue::make_capsule(layout);
    saved["all_rows"] = wanted == BlockRows::kAll;
    saved["parameters"] = which;
    saved["autocast"] = at::autocast::is_autocast_enabled(device);
    variable_list inputs = {x};
    inputs.insert(inputs.end(), parameters.begin(), parameters.end());
    context->save_for_backward(std::move(inputs));
    return residual_block(x, all_parameters(parameters, which), options, *layout, wanted);
  }

  static variable_list backward(AutogradContext* context, const variable_list& grad_output) {
    require(!at::GradMode::is_enabled(), "a second derivative of a checkpointed block");
    variable_list inputs = context->get_saved_variables();
    variable_list wanted;
    for (size_t i = 0; i < inputs.size(); ++i) {
      inputs[i] = inputs[i].detach();
      if (context->needs_input_grad(i)) wanted.push_back(inputs[i].set_requires_grad(true));
    }
    const auto& saved = context->saved_data;
    const BlockOptions options{
        .heads = saved.at("heads").toInt(),
        .activation = static_cast<Activation>(saved.at("activation").toInt()),
        .norm = static_cast<NormPlace>(saved.at("norm").toInt()),
        .norm_eps = saved.at("norm_eps").toDouble()};
    const BlockParameters parameters =
        all_parameters(at::TensorList(inputs).slice(1), saved.at("parameters").toInt());
    const auto capsule = saved.at("layout").toCapsule();
    const auto& layout = static_cast<const AttentionLayout&>(*capsule);
    const BlockRows rows = saved.at("all_rows").toBool() ? BlockRows::kAll : BlockRows::kRead;
    at::Tensor output;
    {
      const at::AutoGradMode with_graph(true);
      // Backward runs outside the caller's scope.
      const AutocastScope autocast(inputs[0].device().type(), saved.at("autocast").toBool());
      output = residual_block(inputs[0], parameters, options, layout, rows);
    }
    const variable_list found = torch::autograd::grad({output}, wanted, {grad_output[0]});
    variable_list gradients(kNumOptions);
    size_t next = 0;
    for (size_t i = 0; i < inputs.size(); ++i) {
      gradients.push_back(context->needs_input_grad(i) ? found[next++] : at::Tensor());
    }
    return gradients;
  }
};

}  // namespace

at::Tensor checkpointed_block(const at::Tensor& x, const BlockParameters& parameters,
                              const BlockOptions& options, const AttentionLayoutPtr& layout,
                              BlockRows wanted) {
  int64_t which = 0;
  const variable_list list = present(parameters, which);
  return CheckpointedBlock::apply(options, layout, wanted, which, x, at::TensorList(list));
}

}  // namespace dermatome
