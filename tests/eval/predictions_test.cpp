#include "src/eval/predictions.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/golden.h"

namespace dermatome {
namespace {

using Weights = std::vector<double>;

// Logits whose row i has its largest entry at predicted[i].
at::Tensor logits_of(const std::vector<int64_t>& predicted, int64_t num_classes) {
  return at::eye(num_classes).index_select(0, at::tensor(predicted, at::kLong));
}

TEST(Predictions, HaveTheRecordedScoresOfScikitLearn) {
  const auto expected = read_golden_json("metrics.json").at("zero_shot");
  const auto tensors = read_golden_tensors("metrics.safetensors");
  const Predictions predictions(tensors.at("zs_logits"), tensors.at("zs_labels"));
  const Weights all(static_cast<size_t>(predictions.num_samples()), 1.0);
  EXPECT_NEAR(predictions.top_k_accuracy(1, all), expected.at("top1"), 1e-9);
  EXPECT_NEAR(predictions.top_k_accuracy(5, all), expected.at("top5"), 1e-9);
  EXPECT_NEAR(predictions.weighted_f1(all), expected.at("weighted_f1"), 1e-9);
  EXPECT_NEAR(predictions.macro_auroc(all), expected.at("macro_auroc_present_classes"), 1e-6);
  const auto classes = predictions.class_scores(all);
  for (const auto& [name, area] : expected.at("auroc_per_class").items()) {
    EXPECT_NEAR(classes.at(std::stoull(name)).auroc, area, 1e-6) << name;
  }
  const auto absent = expected.at("absent_class").get<size_t>();
  EXPECT_TRUE(std::isnan(classes.at(absent).auroc));
  EXPECT_TRUE(std::isnan(classes.at(absent).recall));
}

TEST(Predictions, BalancedAccuracyIsTheMeanRecallOfClassesThatOccur) {
  // Class 0: 2 of 3 right; class 1: 0 of 1; class 2 does not occur.
  const Predictions predictions(logits_of({0, 0, 1, 2}, 3), at::tensor({0, 0, 0, 1}, at::kLong));
  EXPECT_NEAR(predictions.balanced_accuracy(Weights(4, 1)), (2.0 / 3 + 0) / 2, 1e-12);
}

TEST(Predictions, TopKAccuracyIsOneIfKExceedsTheNumberOfClasses) {
  const Predictions predictions(at::rand({4, 3}), at::tensor({0, 1, 2, 0}, at::kLong));
  EXPECT_EQ(predictions.top_k_accuracy(5, Weights(4, 1)), 1.0);
}

TEST(Predictions, TheFirstOfEqualLogitsCounts) {
  const Predictions predictions(at::zeros({3, 3}), at::tensor({0, 1, 2}, at::kLong));
  EXPECT_NEAR(predictions.top_k_accuracy(1, Weights(3, 1)), 1.0 / 3, 1e-12);
  EXPECT_NEAR(predictions.top_k_accuracy(2, Weights(3, 1)), 2.0 / 3, 1e-12);
  EXPECT_EQ(predictions.class_scores(Weights(3, 1))[0].precision, 1.0 / 3);
}

TEST(Predictions, AWeightSaysHowOftenASampleCounts) {
  at::manual_seed(1);
  const at::Tensor logits = at::randn({6, 3});
  const at::Tensor labels = at::tensor({0, 1, 2, 0, 1, 1}, at::kLong);
  const Weights weights = {2, 0, 1, 3, 1, 1};
  const at::Tensor repeated = at::tensor({0, 0, 2, 3, 3, 3, 4, 5}, at::kLong);
  const std::vector<std::string> metrics = {"top1", "top5", "balanced_accuracy", "weighted_f1",
                                            "auroc"};
  const auto expected =
      Predictions(logits.index_select(0, repeated), labels.index_select(0, repeated))
          .scores(metrics, Weights(8, 1));
  const auto actual = Predictions(logits, labels).scores(metrics, weights);
  ASSERT_EQ(actual.size(), metrics.size());
  for (const auto& [metric, value] : expected)
    EXPECT_NEAR(actual.at(metric), value, 1e-12) << metric;
}

TEST(Predictions, ConfusionHasTrueClassesAsRows) {
  const Predictions predictions(logits_of({0, 0, 1, 2}, 3), at::tensor({0, 1, 1, 1}, at::kLong));
  EXPECT_THAT(predictions.confusion(),
              testing::ElementsAre(testing::ElementsAre(1, 0, 0), testing::ElementsAre(1, 1, 1),
                                   testing::ElementsAre(0, 0, 0)));
}

}  // namespace
}  // namespace dermatome
