// First-step gradients of the recorded training, through both towers and the objective's plain
// form.
#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "src/model/clip.h"
#include "tests/model/golden_clip.h"
#include "tests/support/plain_objective.h"

namespace dermatome {
namespace {

using ::testing::Combine;
using ::testing::Values;

// Activation, and the recorded objective: "paper" or "compat".
class GoldenGradients : public ::testing::TestWithParam<std::tuple<std::string, std::string>> {};

INSTANTIATE_TEST_SUITE_P(All, GoldenGradients,
                         Combine(Values("gelu", "quickgelu"), Values("paper", "compat")));

TEST_P(GoldenGradients, AreTheRecordedOnes) {
  const auto& [activation, semantics] = GetParam();
  const Clip clip = golden_clip(activation);
  const GoldenTexts texts = golden_texts();
  ObjectiveOptions options;
  options.mode = semantics == "compat" ? ObjectiveMode::kReleased : ObjectiveMode::kPaper;
  options.negatives = Negatives::kAll;

  const ImageFeatures features = clip.encode_image(golden_io().at("image"), /*with_patches=*/true);
  const PlainObjective objective = plain_objective(
      features.image, clip.encode_text(texts.tokens, texts.lengths), features.patches,
      golden_io().at("caption_mask"), clip.logit_scale().exp(), options);
  objective.total.backward();

  const std::string run = activation + "." + semantics;
  const auto& recorded = golden_json().at("train").at(run);
  EXPECT_NEAR(objective.total.item<double>(), recorded.at("steps")[0].at("total"), 1e-5);
  int compared = 0;
  for (const NamedParameter& parameter : clip.parameters()) {
    const double norm = recorded.at("grad_l2").at(parameter.name);
    EXPECT_NEAR(parameter.value.grad().to(at::kDouble).norm().item<double>(), norm, 1e-5 * norm)
        << parameter.name;
    const auto gradient = golden_io().find(run + ".grad." + parameter.name);
    if (gradient == golden_io().end()) continue;
    EXPECT_LE(relative_difference(parameter.value.grad(), gradient->second), 1e-5)
        << parameter.name;
    ++compared;
  }
  EXPECT_EQ(compared, 8);
}

}  // namespace
}  // namespace dermatome
