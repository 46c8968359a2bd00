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
  const at::Tensor raw = golden.at("tpl_features");  // [C, prompts, d], not normalized
  const at::Tensor features = (raw / raw.norm(2, -1, /*keepdim=*/true)).flatten(0, 1);
  BenchmarkOptions options;
  options.classes.assign(static_cast<size_t>(raw.size(0)), {"label", {"name"}});
  options.templates.assign(static_cast<size_t>(raw.size(1)), "{}");
  EXPECT_TRUE(at::allclose(zero_shot_classifier(features, options), golden.at("tpl_classifier"),
                           1e-5, 1e-6));
}

}  // namespace
}  // namespace dermatome
