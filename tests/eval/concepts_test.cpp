#include "src/eval/concepts.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/eval/roc.h"
#include "tests/support/golden.h"

namespace dermatome {
namespace {

TEST(ConceptPrompts, AreConceptsByTemplatesByNamesThenReferences) {
  BenchmarkOptions options;
  options.classes = {{"papule", {"papule", "bump"}}, {"scale", {"scale"}}};
  options.templates = {"shows {}", "{} here"};
  options.references = {"skin", "here"};
  EXPECT_THAT(concept_prompts(options),
              testing::ElementsAre("shows papule", "shows bump", "papule here", "bump here",
                                   "shows scale", "scale here", "skin", "here"));
}

// Golden tensors: con_target [templates, terms, d], con_ref [templates, 1, d], con_image [n, d].
TEST(ScoreConcepts, EqualsTheRecordedScores) {
  const auto golden = read_golden_tensors("metrics.safetensors");
  const auto recorded = read_golden_json("metrics.json").at("concept");
  const at::Tensor targets = golden.at("con_target");
  const at::Tensor references = golden.at("con_ref");
  ASSERT_EQ(targets.dim(), 3);
  BenchmarkOptions options;
  options.templates.assign(static_cast<size_t>(targets.size(0)), "{}");
  options.references.assign(static_cast<size_t>(references.size(0)), "x");
  options.classes = {
      {"concept", std::vector<std::string>(static_cast<size_t>(targets.size(1)), "name")}};
  EXPECT_NEAR(options.temperature, recorded.at("temp").get<double>(), 1e-15);
  const at::Tensor presence =
      score_concepts(golden.at("con_image"),
                     at::cat({targets.flatten(0, 1), references.flatten(0, 1)}), options)
          .presence;
  ASSERT_EQ(presence.size(1), 1);
  EXPECT_LT((presence.select(1, 0) - golden.at("con_score")).abs().max().item<double>(), 1e-5);
  const at::Tensor scores = presence.select(1, 0).contiguous();
  const at::Tensor labels = golden.at("con_labels").to(at::kByte).contiguous();
  const auto n = static_cast<size_t>(scores.numel());
  const RocCurve curve(std::span(scores.const_data_ptr<double>(), n),
                       std::span(labels.const_data_ptr<uint8_t>(), n));
  EXPECT_NEAR(curve.area(std::vector<double>(n, 1)), recorded.at("auroc").get<double>(), 1e-6);
}

}  // namespace
}  // namespace dermatome
