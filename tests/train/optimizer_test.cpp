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

Clip tiny_clip() {
  ClipConfig config;
  config.embed_dim = 4;
  config.vision = {.image_size = 8, .patch_size = 4, .width = 4, .layers = 3, .head_width = 2};
  config.text = {.context_length = 5, .vocab_size = 9, .width = 4, .heads = 2, .layers = 2};
  Clip model(config, c10::kCPU);
  model.initialize(3);
  return model;
}

// As with one batch in all steps.
void set_unit_gradients(const Clip& model) {
  for (const NamedParameter& parameter : model.trained_parameters()) {
    at::Tensor(parameter.value).mutable_grad() = at::ones_like(parameter.value.detach());
  }
}

// Whether the tensor is an embedding, or of which block; its tower's number of blocks + 1: neither.
int64_t layer_by_name(const std::string& name, int64_t num_blocks) {
  const size_t block = name.find("resblocks.");
  if (block != std::string::npos) return 1 + std::stoll(name.substr(block + 10));
  for (const char* part : {"embedding", "conv1", "ln_pre"}) {
    if (name.find(part) != std::string::npos) return 0;
  }
  return num_blocks + 1;
}

TEST(AdamW, LayersAndTowersHaveTheirOwnRates) {
  Clip model = tiny_clip();
  OptimizerOptions options;
  options.lr = 1e-2;
  options.weight_decay = 0.5;
  options.image_lr = 4e-2;
  options.text_weight_decay = 0.25;
  options.layer_decay = 0.5;
  AdamW optimizer(optimized_parameters(model, options), options);
  std::vector<at::Tensor> before;
  for (const NamedParameter& parameter : model.parameters()) {
    before.push_back(parameter.value.detach().to(at::kDouble));
  }
  set_unit_gradients(model);
  optimizer.step(options.lr / 10);  // in the warm-up
  for (size_t i = 0; i < before.size(); ++i) {
    const NamedParameter& parameter = model.parameters()[i];
    const bool is_image = parameter.name.starts_with("visual.");
    const bool is_scale = parameter.name == "logit_scale";
    const int64_t num_blocks = is_image ? 3 : 2;
    const auto above =
        static_cast<double>(num_blocks + 1 - layer_by_name(parameter.name, num_blocks));
    const double lr = is_scale ? 1e-3 : (is_image ? 4e-3 : 1e-3) * std::pow(0.5, above);
    const double decay = has_weight_decay(parameter) ? (is_image ? 0.5 : 0.25) : 0;
    // The first step's moments, corrected for their bias, are the gradient and its square.
    const at::Tensor expected = before[i] * (1 - lr * decay) - lr / (1 + options.eps);
    EXPECT_TRUE(at::allclose(parameter.value.to(at::kDouble), expected, 1e-6, 1e-7))
        << parameter.name;
  }
}

TEST(AdamW, WithoutOtherRatesAllIsAsWithOneGroup) {
  Clip model = tiny_clip(), reference = tiny_clip();
  AdamW optimizer(optimized_parameters(model, {}), {}), common(reference.parameters(), {});
  for (int step = 0; step < 2; ++step) {
    set_unit_gradients(model);
    set_unit_gradients(reference);
    optimizer.step(1e-3);
    common.step(1e-3);
  }
  const NamedTensors state = optimizer.state(), expected = common.state();
  ASSERT_EQ(state.size(), expected.size());
  EXPECT_EQ(state.size(), 2 * model.parameters().size() + 1);
  for (size_t i = 0; i < state.size(); ++i) {
    EXPECT_EQ(state[i].first, expected[i].first);
    EXPECT_TRUE(at::equal(state[i].second, expected[i].second)) << state[i].first;
  }
  for (size_t i = 0; i < model.parameters().size(); ++i) {
    EXPECT_TRUE(at::equal(model.parameters()[i].value, reference.parameters()[i].value));
  }
}

std::map<std::string, at::Tensor> copy_of(const NamedTensors& state) {
  std::map<std::string, at::Tensor> copy;
  for (const auto& [name, tensor] : state) copy[name] = tensor.clone();
  return copy;
}

TEST(AdamW, UnlockedParametersBeginWithoutHistory) {
  Clip locked = tiny_clip(), model = tiny_clip();
  locked.lock({.image = 2, .text = 4});
  AdamW before(optimized_parameters(locked, {}), {});
  set_unit_gradients(locked);
  for (int step = 0; step < 3; ++step) before.step(1e-3);
  const auto saved = copy_of(before.state());
  EXPECT_TRUE(saved.contains("exp_avg.visual.transformer.resblocks.1.ln_1.weight"));
  EXPECT_FALSE(saved.contains("exp_avg.visual.transformer.resblocks.0.ln_1.weight"));
  EXPECT_FALSE(saved.contains("exp_avg.text_projection"));

  AdamW after(optimized_parameters(model, {}), {});
  EXPECT_THROW(after.load_state(saved), DataError);
  const auto num_all = static_cast<int64_t>(model.parameters().size());
  const auto num_locked = num_all - static_cast<int64_t>(locked.trained_parameters().size());
  EXPECT_EQ(after.num_parameters(), num_all);
  EXPECT_EQ(after.load_state(saved, MissingState::kZero), num_locked);
  set_unit_gradients(model);
  after.step(1e-3);
  const auto state = copy_of(after.state());
  EXPECT_EQ(state.at("step").item<float>(), 4);
  EXPECT_EQ(state.at("step.text_projection").item<float>(), 1);
  EXPECT_FALSE(state.contains("step.visual.proj"));
  EXPECT_EQ(state.size(), static_cast<size_t>(2 * num_all + 1 + num_locked));

  // It continues with these numbers of steps.
  Clip continued = tiny_clip();
  for (size_t i = 0; i < model.parameters().size(); ++i) {
    continued.parameters()[i].value.detach().copy_(model.parameters()[i].value.detach());
  }
  AdamW third(optimized_parameters(continued, {}), {});
  EXPECT_EQ(third.load_state(state), 0);
  set_unit_gradients(continued);
  third.step(1e-3);
  after.step(1e-3);
  for (size_t i = 0; i < model.parameters().size(); ++i) {
    EXPECT_TRUE(at::equal(continued.parameters()[i].value, model.parameters()[i].value))
        << model.parameters()[i].name;
  }
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
