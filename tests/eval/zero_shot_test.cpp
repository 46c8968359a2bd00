#include "src/eval/zero_shot.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/golden.h"

namespace dermatome {
namespace {

TEST(ClassPrompts, FillEveryTemplateWithEveryName) {
  BenchmarkOptions options;
  options.classes = {{"a", {"eczema", "dermatitis"}}, {"b", {"scc"}}};
  options.templates = {"a photo of {}.", "{}, or: {}"};
  EXPECT_THAT(
      class_prompts(options),
      testing::ElementsAre("a photo of eczema.", "eczema, or: eczema", "a photo of dermatitis.",
                           "dermatitis, or: dermatitis", "a photo of scc.", "scc, or: scc"));
}

TEST(ZeroShotClassifier, AveragesPromptsAsRecorded) {
  const auto golden = read_golden_tensors("metrics.safetensors");
  const at::Tensor raw = golden.at("tpl_features");  // [C, prompts, d], not normalised
  const at::Tensor features = (raw / raw.norm(2, -1, /*keepdim=*/true)).flatten(0, 1);
  BenchmarkOptions options;
  options.classes.assign(static_cast<size_t>(raw.size(0)), {"label", {"name"}});
  options.templates.assign(static_cast<size_t>(raw.size(1)), "{}");
  EXPECT_TRUE(at::allclose(zero_shot_classifier(features, options), golden.at("tpl_classifier"),
                           1e-5, 1e-6));
}

TEST(Scores, AreThoseAskedFor) {
  const at::Tensor features = at::eye(3);
  const at::Tensor labels = at::tensor({0, 1, 2}, at::kLong);
  const auto classification = classification_scores(features, features, labels, {"top1", "auroc"});
  EXPECT_THAT(classification, testing::UnorderedElementsAre(testing::Pair("top1", 1.0),
                                                            testing::Pair("auroc", 1.0)));
  const auto retrieval = retrieval_scores(features, features, {"recall@1", "median_rank"});
  EXPECT_THAT(retrieval,
              testing::UnorderedElementsAre(testing::Pair("image_to_text_recall@1", 1.0),
                                            testing::Pair("text_to_image_recall@1", 1.0),
                                            testing::Pair("image_to_text_median_rank", 1.0),
                                            testing::Pair("text_to_image_median_rank", 1.0),
                                            testing::Pair("image_to_text_tied", 0.0),
                                            testing::Pair("text_to_image_tied", 0.0)));
}

TEST(Scores, SayThatFeaturesWhichAreAllTheSameFindNothing) {
  const at::Tensor same = at::eye(3).index_select(0, at::zeros({4}, at::kLong));
  const auto scores = retrieval_scores(same, same, {"recall@1"});
  EXPECT_EQ(scores.at("image_to_text_recall@1"), 1.0);
  EXPECT_EQ(scores.at("image_to_text_tied"), 1.0);
  EXPECT_EQ(scores.at("text_to_image_tied"), 1.0);
}

}  // namespace
}  // namespace dermatome
