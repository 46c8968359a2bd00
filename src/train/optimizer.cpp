#include "src/train/optimizer.h"

#include <ATen/ATen.h>

#include "src/config/optimizer_options.h"
#include "src/core/error.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

std::vector<at::Tensor> gradients(const std::vector<NamedParameter>& parameters) {
  std::vector<at::Tensor> all;
  all.reserve(parameters.size());
  for (const auto& parameter : parameters) {
    require(parameter.value.grad().defined(), "parameter without gradient: " + parameter.name);
    all.push_back(parameter.value.grad());
  }
  return all;
}

void copy_state(const std::map<std::string, at::Tensor>& state, const std::string& key,
                at::Tensor target) {
  const auto found = state.find(key);
  if (found == state.end()) {
    throw DataError(
        text("the optimizer's state has no tensor ", key, "; is it the state of another model?"));
  }
  if (found->second.sizes() != target.sizes()) {
    throw DataError(text("the optimizer's state has tensor ", key, " ",
                         c10::str(found->second.sizes()), ", but the model needs ",
                         c10::str(target.sizes())));
  }
  target.copy_(found->second);
}

}  // namespace

bool has_weight_decay(const NamedParameter& parameter) {
  if (parameter.value.dim() < 2) return false;
  for (const char* part : {"bn", "ln", "bias", "logit_scale"}) {
    if (parameter.name.find(part) != std::string::npos) return false;
  }
  return true;
}

AdamW::Group AdamW::make_group(bool decayed, const std::vector<NamedParameter>& parameters) const {
  Group group;
  group.weight_decay = decayed ? options_.weight_decay : 0.0;
  for (const auto& parameter : parameters) {
    if (has_weight_decay(parameter) != decayed) continue;
    const at::Tensor value = parameter.value.detach();
    group.parameters.push_back(parameter);
    group.exp_avg.push_back(at::zeros_like(value));
    group.exp_avg_sq.push_back(at::zeros_like(value));
    // The fused kernel keeps one step counter per parameter, on the parameter's device.
    group.steps.push_back(at::zeros({}, value.options().dtype(at::kFloat)));
  }
  return group;
}

AdamW::AdamW(std::vector<NamedParameter> parameters, const OptimizerOptions& options)
    : options_(options) {
  for (const bool decayed : {true, false}) {
    Group group = make_group(decayed, parameters);
    if (!group.parameters.empty()) groups_.push_back(std::move(group));
  }
}

void AdamW::step(double lr, const std::optional<at::Tensor>& refused) {
  const at::NoGradGuard no_grad;
  for (auto& group : groups_) {
    std::vector<at::Tensor> values;
    for (const auto& parameter : group.parameters) values.push_back(parameter.value.detach());
    at::_foreach_add_(group.steps, 1);
    at::_fused_adamw_(values, gradients(group.parameters), group.exp_avg, group.exp_avg_sq,
                      /*max_exp_avg_sqs=*/{}, group.steps, lr, options_.beta1, options_.beta2,
                      group.weight_decay, options_.eps, /*amsgrad=*/false, /*maximize=*/false,
                      /*grad_scale=*/{}, /*found_inf=*/refused);
    if (refused) at::_foreach_add_(group.steps, *refused, -1);
  }
}

NamedTensors AdamW::state() const {
  NamedTensors state;
  for (const auto& group : groups_) {
    for (size_t i = 0; i < group.parameters.size(); ++i) {
      const std::string& name = group.parameters[i].name;
      state.emplace_back("exp_avg." + name, group.exp_avg[i]);
      state.emplace_back("exp_avg_sq." + name, group.exp_avg_sq[i]);
    }
  }
  state.emplace_back("step", groups_.front().steps.front());
  return state;
}

void AdamW::load_state(const std::map<std::string, at::Tensor>& state) {
  const at::NoGradGuard no_grad;
  for (auto& group : groups_) {
    for (size_t i = 0; i < group.parameters.size(); ++i) {
      const std::string& name = group.parameters[i].name;
      copy_state(state, "exp_avg." + name, group.exp_avg[i]);
      copy_state(state, "exp_avg_sq." + name, group.exp_avg_sq[i]);
      copy_state(state, "step", group.steps[i]);
    }
  }
}

at::Tensor clip_gradient_norm(const std::vector<NamedParameter>& parameters, double max_norm) {
  const at::NoGradGuard no_grad;
  auto all = gradients(parameters);
  const at::Tensor norm = at::stack(at::_foreach_norm(all, 2)).norm(2);
  if (max_norm == 0) return norm;
  at::_foreach_mul_(all, (max_norm / (norm + 1e-6)).clamp_max(1.0));
  return norm;
}

}  // namespace dermatome
