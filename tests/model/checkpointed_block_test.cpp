#include "src/model/checkpointed_block.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function.h>

#include "src/model/autocast.h"
#include "src/model/clip.h"
#include "tests/model/golden_clip.h"

namespace dermatome {
namespace {

// Texts of every length from 2 to 77, so that the text tower attends in several groups.
GoldenTexts texts_of_many_lengths() {
  const at::Tensor lengths = at::arange(2, 78).repeat({3});
  const at::Tensor tokens = at::arange(1, 78).unsqueeze(0).repeat({lengths.size(0), 1});
  return {.tokens = tokens, .lengths = lengths};
}

struct Outcome {
  std::vector<at::Tensor> features;
  std::vector<at::Tensor> gradients;  // of all parameters except the logit scale
};

Outcome run(CheckpointedBlocks checkpointed, bool autocast) {
  const Clip clip = golden_clip("gelu", checkpointed);
  const GoldenTexts texts = texts_of_many_lengths();
  Outcome outcome;
  {
    const AutocastScope scope(at::kCPU, autocast);
    const ImageFeatures features =
        clip.encode_image(golden_io().at("image"), /*with_patches=*/true);
    outcome.features = {features.image, features.patches,
                        clip.encode_text(texts.tokens, texts.lengths)};
  }
  at::Tensor total = at::zeros({});
  for (const at::Tensor& features : outcome.features) {
    total = total + (features * at::sin(at::arange(features.numel())).view_as(features)).sum();
  }
  total.backward();
  for (const NamedParameter& parameter : clip.parameters()) {
    if (parameter.name != "logit_scale")
      outcome.gradients.push_back(parameter.value.grad().to_dense());
  }
  return outcome;
}

class Checkpointing : public ::testing::TestWithParam<std::tuple<int64_t, bool>> {};

INSTANTIATE_TEST_SUITE_P(OfOneOrAllBlocksWithAndWithoutAutocast, Checkpointing,
                         ::testing::Combine(::testing::Values(1, kAllBlocks), ::testing::Bool()));

TEST_P(Checkpointing, ChangesNeitherFeaturesNorGradients) {
  const auto [blocks, autocast] = GetParam();
  const Outcome plain = run({}, autocast);
  const Outcome checkpointed = run({.image = blocks, .text = blocks}, autocast);

  for (size_t i = 0; i < plain.features.size(); ++i) {
    EXPECT_TRUE(at::equal(plain.features[i], checkpointed.features[i])) << i;
  }
  ASSERT_EQ(plain.gradients.size(), checkpointed.gradients.size());
  for (size_t i = 0; i < plain.gradients.size(); ++i) {
    ASSERT_TRUE(checkpointed.gradients[i].defined()) << i;
    EXPECT_LE(relative_difference(checkpointed.gradients[i], plain.gradients[i]), 1e-6) << i;
  }
}

AttentionLayoutPtr one_sequence(int64_t length) {
  const auto layout = c10::make_intrusive<AttentionLayout>();
  layout->groups = {{.sequences = 1, .length = length, .read_mask = std::nullopt}};
  return layout;
}

struct CheckpointedBlockTest : ::testing::Test {
  at::Tensor run(const at::Tensor& x) const {
    return checkpointed_block(x, parameters, {.heads = 2}, one_sequence(x.size(0)),
                              BlockRows::kAll);
  }

  ParameterList list{at::kCPU};
  BlockParameters parameters = add_block(list, "", open_clip_block(), 8, 16);
};

TEST_F(CheckpointedBlockTest, KeepsOnlyItsInputs) {
  at::Tensor x = at::ones({2, 8});
  x.set_requires_grad(true);
  const at::Tensor y = run(x);

  // Only one node lies between output and leaves, so nothing inside the block is kept.
  ASSERT_NE(y.grad_fn(), nullptr);
  for (const torch::autograd::Edge& edge : y.grad_fn()->next_edges()) {
    EXPECT_EQ(edge.function->num_outputs(), 0) << edge.function->name();
  }
}

TEST_F(CheckpointedBlockTest, GivesNoGraphWhereNoneIsWanted) {
  const at::NoGradGuard no_grad;
  EXPECT_FALSE(run(at::ones({2, 8})).requires_grad());
}

TEST_F(CheckpointedBlockTest, GivesGradientsOnlyWhereTheyAreWanted) {
  for (const NamedParameter& parameter : list.all()) {
    at::Tensor(parameter.value).set_requires_grad(false);
  }
  at::Tensor(parameters[kProjBias]).set_requires_grad(true);
  run(at::ones({2, 8})).sum().backward();

  EXPECT_TRUE(at::equal(parameters[kProjBias].grad(), at::full({8}, 2.0)));
  EXPECT_FALSE(parameters[kFcBias].grad().defined());
}

}  // namespace
}  // namespace dermatome
