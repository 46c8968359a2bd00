#include "src/train/optimizer.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <iterator>

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

std::vector<OptimizedParameter> with_common_rule(const std::vector<NamedParameter>& parameters,
                                                 const OptimizerOptions& options) {
  std::vector<OptimizedParameter> optimized;
  for (const NamedParameter& parameter : parameters) {
    optimized.push_back({parameter, /*lr_factor=*/1, options.weight_decay});
  }
  return optimized;
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

std::vector<OptimizedParameter> optimized_parameters(const Clip& model,
                                                     const OptimizerOptions& options) {
  struct Rule {
    double lr_factor, weight_decay;
  };
  std::map<const c10::TensorImpl*, Rule> rules;
  const auto add_tower = [&](const TowerLayers& layers, std::optional<double> lr,
                             std::optional<double> weight_decay) {
    double factor = lr ? *lr / options.lr : 1;
    for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
      for (const at::Tensor& parameter : *layer) {
        rules[parameter.unsafeGetTensorImpl()] = {factor,
                                                  weight_decay.value_or(options.weight_decay)};
      }
      factor *= options.layer_decay;
    }
  };
  add_tower(model.image_layers(), options.image_lr, options.image_weight_decay);
  add_tower(model.text_layers(), options.text_lr, options.text_weight_decay);
  std::vector<OptimizedParameter> parameters;
  for (const NamedParameter& parameter : model.trained_parameters()) {
    const auto found = rules.find(parameter.value.unsafeGetTensorImpl());
    const Rule rule = found == rules.end() ? Rule{1, options.weight_decay} : found->second;
    parameters.push_back({parameter, rule.lr_factor, rule.weight_decay});
  }
  return parameters;
}

void AdamW::Group::add(const NamedParameter& parameter) {
  const at::Tensor value = parameter.value.detach();
  parameters.push_back(parameter);
  exp_avg.push_back(at::zeros_like(value));
  exp_avg_sq.push_back(at::zeros_like(value));
  // The fused kernel keeps one step counter per parameter, on the parameter's device.
  steps.push_back(at::zeros({}, value.options().dtype(at::kFloat)));
}

AdamW::AdamW(const std::vector<OptimizedParameter>& parameters, const OptimizerOptions& options)
    : options_(options) {
  for (const bool decayed : {true, false}) {
    const auto first = static_cast<std::ptrdiff_t>(groups_.size());
    for (const auto& [parameter, lr_factor, decay] : parameters) {
      if (has_weight_decay(parameter) != decayed) continue;
      const double weight_decay = decayed ? decay : 0.0;
      auto group = std::find_if(groups_.begin() + first, groups_.end(), [&](const Group& known) {
        return known.lr_factor == lr_factor && known.weight_decay == weight_decay;
      });
      if (group == groups_.end()) {
        groups_.emplace_back();
        group = std::prev(groups_.end());
        group->lr_factor = lr_factor;
        group->weight_decay = weight_decay;
      }
      group->add(parameter);
    }
  }
}

AdamW::AdamW(const std::vector<NamedParameter>& parameters, const OptimizerOptions& options)
    : AdamW(with_common_rule(parameters, options), options) {}

void AdamW::step(double lr, const std::optional<at::Tensor>& refused) {
  const at::NoGradGuard no_grad;
  for (auto& group : groups_) {
    std::vector<at::Tensor> values;
    for (const auto& parameter : group.parameters) values.push_back(parameter.value.detach());
    at::_foreach_add_(group.steps, 1);
    at::_fused_adamw_(values, gradients(group.parameters), group.exp_avg, group.exp_avg_sq,
                      /*max_exp_avg_sqs=*/{}, group.steps, lr * group.lr_factor, options_.beta1,
                      options_.beta2, group.weight_decay, options_.eps, /*amsgrad=*/false,
                      /*maximize=*/false,
                      /*grad_scale=*/{}, /*found_inf=*/refused);
    if (refused) at::_foreach_add_(group.steps, *refused, -1);
  }
}

NamedTensors AdamW::state() const {
  NamedTensors state, steps;
  for (const auto& group : groups_) {
    for (size_t i = 0; i < group.parameters.size(); ++i) {
      const std::string& name = group.parameters[i].name;
      state.emplace_back("exp_avg." + name, group.exp_avg[i]);
      state.emplace_back("exp_avg_sq." + name, group.exp_avg_sq[i]);
      steps.emplace_back("step." + name, group.steps[i]);
    }
  }
  std::vector<at::Tensor> counters;
  for (const auto& [name, counter] : steps) counters.push_back(counter);
  const at::Tensor counts = at::stack(counters).cpu();
  const auto largest = counts.argmax().item<int64_t>();
  state.emplace_back("step", counters[static_cast<size_t>(largest)]);
  const at::Tensor fewer = counts < counts[largest];
  for (size_t i = 0; i < steps.size(); ++i) {
    if (fewer[static_cast<int64_t>(i)].item<bool>()) state.push_back(steps[i]);
  }
  return state;
}

int64_t AdamW::load_state(const std::map<std::string, at::Tensor>& state, MissingState missing) {
  const at::NoGradGuard no_grad;
  int64_t num_missing = 0;
  for (auto& group : groups_) {
    for (size_t i = 0; i < group.parameters.size(); ++i) {
      const std::string& name = group.parameters[i].name;
      const std::string exp_avg = "exp_avg." + name, exp_avg_sq = "exp_avg_sq." + name;
      const std::string own_step = "step." + name;
      if (missing == MissingState::kZero && !state.contains(exp_avg) &&
          !state.contains(exp_avg_sq)) {
        for (const at::Tensor& part : {group.exp_avg[i], group.exp_avg_sq[i], group.steps[i]}) {
          part.zero_();
        }
        ++num_missing;
        continue;
      }
      copy_state(state, exp_avg, group.exp_avg[i]);
      copy_state(state, exp_avg_sq, group.exp_avg_sq[i]);
      copy_state(state, state.contains(own_step) ? own_step : "step", group.steps[i]);
    }
  }
  return num_missing;
}

int64_t AdamW::num_parameters() const {
  int64_t count = 0;
  for (const auto& group : groups_) count += std::ssize(group.parameters);
  return count;
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
