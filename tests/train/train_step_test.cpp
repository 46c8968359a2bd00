#include "src/train/train_step.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <tuple>
#include <utility>

#include "src/config/train_options.h"
#include "src/distributed/single_process.h"
#include "src/train/optimizer.h"
#include "src/train/schedule.h"
#include "tests/model/golden_clip.h"

namespace dermatome {
namespace {

// The golden batch as a loader would give it, with every caption as its own text.
Batch golden_batch() {
  const GoldenTexts texts = golden_texts();
  Batch batch;
  batch.images = golden_io().at("image");
  batch.tokens = texts.tokens;
  batch.lengths = texts.lengths;
  batch.mask = golden_io().at("caption_mask") > 0;
  batch.caption = at::arange(batch.mask.numel()).view(batch.mask.sizes());
  return batch;
}

// The parameters are the activation and the golden files' name of the objective's mode: "paper", or
// "compat" for `released`.
class RecordedTraining : public testing::TestWithParam<std::tuple<std::string, std::string>> {
 protected:
  RecordedTraining()
      : name_(std::get<0>(GetParam()) + "." + std::get<1>(GetParam())),
        recorded_(golden_json().at("train").at(name_)),
        collectives_(make_single_process_collectives()),
        model_(golden_clip(std::get<0>(GetParam()))) {
    options_.objective.mode =
        std::get<1>(GetParam()) == "compat" ? ObjectiveMode::kReleased : ObjectiveMode::kPaper;
    options_.objective.negatives = Negatives::kAll;
    options_.optimizer.weight_decay = 0.1;
  }

  void expect_recorded_values(const ObjectiveResult& result, size_t step) const {
    const auto& expected = recorded_.at("steps")[step];
    for (const auto& [key, value] : values_on_host(result)) {
      const double reference = expected.at(key);
      EXPECT_NEAR(value, reference, 1e-4 * std::abs(reference)) << key << " " << step;
    }
  }

  // Compares every gradient's norm, and the whole tensor where it is recorded.
  void expect_recorded_gradients() const {
    int num_whole = 0;
    for (const auto& parameter : model_.parameters()) {
      const at::Tensor& gradient = parameter.value.grad();
      const double reference = recorded_.at("grad_l2").at(parameter.name);
      EXPECT_NEAR(gradient.to(at::kDouble).norm().item<double>(), reference, 1e-5 * reference)
          << parameter.name;
      const auto whole = golden_io().find(name_ + ".grad." + parameter.name);
      if (whole == golden_io().end()) continue;
      EXPECT_LE(relative_difference(gradient, whole->second), 1e-5) << parameter.name;
      ++num_whole;
    }
    EXPECT_EQ(num_whole, 8);
  }

  std::string name_;
  const nlohmann::ordered_json& recorded_;
  std::unique_ptr<Collectives> collectives_;
  Clip model_;
  TrainOptions options_;
};

TEST_P(RecordedTraining, FirstGradientsAndFiveStepsAreAsRecorded) {
  TrainStep step(model_, *collectives_, options_);
  AdamW optimizer(model_.parameters(), options_.optimizer);
  const Batch batch = golden_batch();
  const GlobalSizes sizes = {{batch.images.size(0)}, {batch.tokens.size(0)}};
  for (int64_t i = 0; i < 5; ++i) {
    expect_recorded_values(step.compute_gradients(batch, sizes).objective, static_cast<size_t>(i));
    if (i == 0) expect_recorded_gradients();
    optimizer.step(cosine_learning_rate(1e-3, 2, 5, i));
    model_.logit_scale().detach().clamp_(0, std::log(100.0));
  }
  for (const auto& parameter : model_.parameters()) {
    const double reference = recorded_.at("param_l2_after_5").at(parameter.name);
    EXPECT_NEAR(parameter.value.to(at::kDouble).norm().item<double>(), reference, 1e-4 * reference)
        << parameter.name;
  }
}

// Trains `model` for a few steps of which only `trained` are applied.
void train(Clip& model, const std::vector<NamedParameter>& trained, const TrainOptions& options) {
  const auto collectives = make_single_process_collectives();
  TrainStep step(model, *collectives, options);
  AdamW optimizer(trained, options.optimizer);
  const Batch batch = golden_batch();
  const GlobalSizes sizes = {{batch.images.size(0)}, {batch.tokens.size(0)}};
  for (int i = 0; i < 3; ++i) {
    step.compute_gradients(batch, sizes);
    clip_gradient_norm(trained, /*max_norm=*/0.5);
    optimizer.step(1e-3);
  }
}

TEST(LockedTraining, EqualsOneWhoseGradientsOfLockedParametersAreIgnored) {
  const Clip initial = golden_clip("gelu");
  for (const auto& [locked, accum, checkpointed] :
       {std::tuple(LockedLayers{.image = 2, .text = 1}, 1, CheckpointedBlocks{}),
        {LockedLayers{.image = 3, .text = 2}, 1, {.image = kAllBlocks, .text = kAllBlocks}},
        {LockedLayers{.image = 4}, 1, {}},
        {LockedLayers{.text = 4}, 1, {}},
        {LockedLayers{.image = 4}, 2, {}},
        {LockedLayers{.image = 1, .text = 4}, 2, {}}}) {
    TrainOptions options;
    options.accum = accum;
    Clip model = golden_clip("gelu", checkpointed), whole = golden_clip("gelu", checkpointed);
    model.lock(locked);
    std::vector<NamedParameter> ignoring;
    for (size_t i = 0; i < whole.parameters().size(); ++i) {
      if (model.parameters()[i].value.requires_grad()) ignoring.push_back(whole.parameters()[i]);
    }
    ASSERT_LT(ignoring.size(), whole.parameters().size());
    train(model, model.trained_parameters(), options);
    train(whole, ignoring, options);
    for (size_t i = 0; i < whole.parameters().size(); ++i) {
      const NamedParameter& parameter = model.parameters()[i];
      EXPECT_TRUE(at::equal(parameter.value, whole.parameters()[i].value)) << parameter.name;
      EXPECT_EQ(at::equal(parameter.value, initial.parameters()[i].value),
                !parameter.value.requires_grad())
          << parameter.name;
      EXPECT_EQ(parameter.value.grad().defined(), parameter.value.requires_grad());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Golden, RecordedTraining,
                         testing::Combine(testing::Values("gelu", "quickgelu"),
                                          testing::Values("paper", "compat")));

}  // namespace
}  // namespace dermatome
