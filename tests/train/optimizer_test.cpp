#include "src/train/optimizer.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "src/config/optimizer_options.h"
#include "src/core/error.h"
#include "tests/support/golden.h"

namespace dermatome {
namespace {

using Settings = nlohmann::ordered_json;

Settings golden_settings() { return read_golden_json("optim.json"); }

const std::map<std::string, at::Tensor>& golden_tensors() {
  static const auto tensors = read_golden_tensors("optim.safetensors");
  return tensors;
}

OptimizerOptions golden_options(const Settings& golden) {
  OptimizerOptions options;
  options.beta1 = golden.at("betas")[0];
  options.beta2 = golden.at("betas")[1];
  options.eps = golden.at("eps");
  options.weight_decay = golden.at("wd");
  return options;
}

std::vector<NamedParameter> initial_parameters() {
  std::vector<NamedParameter> parameters;
  for (const auto& [key, value] : golden_tensors()) {
    if (key.starts_with("init.")) {
      parameters.push_back({key.substr(5), value.clone().requires_grad_()});
    }
  }
  return parameters;
}

void set_gradients(std::vector<NamedParameter>& parameters, int64_t step) {
  for (auto& parameter : parameters) {
    parameter.value.mutable_grad() = golden_tensors().at("grad." + parameter.name)[step].clone();
  }
}

TEST(WeightDecay, GroupsParametersAsOpenClipDoes) {
  const auto golden = golden_settings();
  const auto parameters = initial_parameters();
  ASSERT_EQ(parameters.size(), golden.at("wd_zero").size() + golden.at("wd_applied").size());
  for (const auto& parameter : parameters) {
    const auto& decayed = golden.at("wd_applied");
    const bool expected =
        std::find(decayed.begin(), decayed.end(), parameter.name) != decayed.end();
    EXPECT_EQ(has_weight_decay(parameter), expected) << parameter.name;
  }
}

TEST(AdamW, FiveStepsAreAsRecorded) {
  const auto settings = golden_settings();
  auto parameters = initial_parameters();
  AdamW optimizer(parameters, golden_options(settings));
  for (int64_t step = 0; step < 5; ++step) {
    set_gradients(parameters, step);
    optimizer.step(settings.at("lr")[static_cast<size_t>(step)]);
  }
  for (const auto& parameter : parameters) {
    const at::Tensor expected = golden_tensors().at("after5." + parameter.name);
    EXPECT_TRUE(at::allclose(parameter.value, expected, 1e-6, 1e-7)) << parameter.name;
    EXPECT_FALSE(at::equal(parameter.value, golden_tensors().at("init." + parameter.name)))
        << parameter.name;
  }
}

TEST(AdamW, ContinuesBitEqualFromItsState) {
  const auto settings = golden_settings();
  auto straight = initial_parameters();
  AdamW first(straight, golden_options(settings));
  for (int64_t step = 0; step < 2; ++step) {
    set_gradients(straight, step);
    first.step(1e-3);
  }
  std::vector<NamedParameter> continued;
  for (const auto& parameter : straight) {
    continued.push_back({parameter.name, parameter.value.detach().clone().requires_grad_()});
  }
  std::map<std::string, at::Tensor> state;
  for (const auto& [name, tensor] : first.state()) state[name] = tensor.clone();
  AdamW second(continued, golden_options(settings));
  second.load_state(state);
  for (int64_t step = 2; step < 5; ++step) {
    set_gradients(straight, step);
    first.step(1e-3);
    set_gradients(continued, step);
    second.step(1e-3);
  }
  for (size_t i = 0; i < straight.size(); ++i) {
    EXPECT_TRUE(at::equal(straight[i].value, continued[i].value)) << straight[i].name;
  }
}

TEST(AdamW, ARefusedStepChangesNothing) {
  const auto settings = golden_settings();
  auto parameters = initial_parameters();
  auto expected = initial_parameters();
  AdamW optimizer(parameters, golden_options(settings));
  AdamW without(expected, golden_options(settings));
  for (int64_t step = 0; step < 3; ++step) {
    set_gradients(expected, step);
    without.step(1e-3);
    set_gradients(parameters, step);
    optimizer.step(1e-3, at::zeros({}));
    for (const auto& parameter : parameters) parameter.value.grad().fill_(std::nan(""));
    optimizer.step(1e-3, at::ones({}));
  }
  for (size_t i = 0; i < parameters.size(); ++i) {
    EXPECT_TRUE(at::equal(parameters[i].value, expected[i].value)) << parameters[i].name;
  }
  const auto state = optimizer.state(), reference = without.state();
  for (size_t i = 0; i < state.size(); ++i) {
    EXPECT_TRUE(at::equal(state[i].second, reference[i].second)) << state[i].first;
  }
}

TEST(AdamW, RefusesAStateThatDoesNotFit) {
  AdamW optimizer(initial_parameters(), {});
  std::map<std::string, at::Tensor> state;
  for (const auto& [name, tensor] : optimizer.state()) state[name] = tensor.clone();
  auto missing = state;
  missing.erase("exp_avg.visual.proj");
  EXPECT_THROW(optimizer.load_state(missing), DataError);
  auto misshapen = state;
  misshapen["exp_avg_sq.visual.proj"] = at::zeros({1, 1});
  EXPECT_THROW(optimizer.load_state(misshapen), DataError);
}

TEST(ClipGradientNorm, ScalesToTheBoundAndReportsTheNormBefore) {
  std::vector<NamedParameter> parameters;
  for (const double value : {3.0, 4.0}) {
    at::Tensor leaf = at::zeros({1}).requires_grad_();
    leaf.mutable_grad() = at::full({1}, value);
    parameters.push_back({"p", leaf});
  }
  EXPECT_NEAR(clip_gradient_norm(parameters, 0).item<double>(), 5.0, 1e-6);
  EXPECT_NEAR(parameters[0].value.grad().item<double>(), 3.0, 1e-6);
  EXPECT_NEAR(clip_gradient_norm(parameters, 1.0).item<double>(), 5.0, 1e-6);
  EXPECT_NEAR(parameters[0].value.grad().item<double>(), 0.6, 1e-5);
  EXPECT_NEAR(parameters[1].value.grad().item<double>(), 0.8, 1e-5);
  EXPECT_NEAR(clip_gradient_norm(parameters, 10.0).item<double>(), 1.0, 1e-5);
  EXPECT_NEAR(parameters[0].value.grad().item<double>(), 0.6, 1e-5);
}

}  // namespace
}  // namespace dermatome
