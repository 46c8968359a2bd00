#include "src/model/bert_tower.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <torch/csrc/autograd/autograd.h>

#include <string>
#include <vector>

#include "src/core/error.h"
#include "src/core/text.h"
#include "src/model/autocast.h"
#include "tests/model/tiny_bert.h"
#include "tests/support/golden.h"

namespace dermatome {
namespace {

using ::testing::HasSubstr;

double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

std::vector<NamedParameter> named_text_parameters(const Clip& clip) {
  std::vector<NamedParameter> found;
  for (const NamedParameter& parameter : clip.parameters()) {
    if (parameter.name.starts_with("text.")) found.push_back(parameter);
  }
  return found;
}

// Of the recorded loss: the sum of all features, each times a sine.
std::vector<at::Tensor> recorded_gradients(const Clip& clip, const at::Tensor& features) {
  std::vector<at::Tensor> leaves;
  for (const NamedParameter& parameter : named_text_parameters(clip))
    leaves.push_back(parameter.value);
  const at::Tensor weights =
      at::sin(at::arange(features.numel(), at::TensorOptions(at::kFloat))).view(features.sizes());
  std::vector<at::Tensor> found = torch::autograd::grad({(features * weights).sum()}, leaves);
  for (at::Tensor& gradient : found) gradient = gradient.to_dense();
  return found;
}

class BertTowerTest : public ::testing::TestWithParam<std::string> {
 protected:
  at::Tensor encode(const Clip& clip) const { return clip.encode_text(tokens, lengths); }

  const std::map<std::string, at::Tensor> recorded = tiny_bert_tensors(GetParam());
  const at::Tensor tokens = recorded.at("tokens").to(at::kLong);
  const at::Tensor lengths = recorded.at("lengths").to(at::kLong);
};

INSTANTIATE_TEST_SUITE_P(Poolers, BertTowerTest,
                         ::testing::Values("mean_mlp", "cls_linear", "last_mlp"));

TEST_P(BertTowerTest, GivesTheFeaturesAndGradientsOfTheReference) {
  for (const int64_t checkpointed : {int64_t{0}, kAllBlocks}) {
    const Clip clip = tiny_bert(GetParam(), {.text = checkpointed});
    const at::Tensor features = encode(clip);
    EXPECT_LE(largest_difference(features, recorded.at("features")), 2e-6);
    const std::vector<at::Tensor> found = recorded_gradients(clip, features);
    const std::vector<NamedParameter> parameters = named_text_parameters(clip);
    for (size_t i = 0; i < found.size(); ++i) {
      // The gradient of the keys' biases is only rounding noise.
      EXPECT_LE(
          relative_difference(found[i], recorded.at(text("gradient.", parameters[i].name)), 0.1),
          2e-5)
          << parameters[i].name;
    }
  }
}

TEST_P(BertTowerTest, HasTheParametersOfTheReference) {
  const Clip clip = tiny_bert(GetParam());
  int64_t num_recorded = 0;
  for (const auto& [name, tensor] : recorded) num_recorded += name.starts_with("weight.") ? 1 : 0;
  const std::vector<NamedParameter> parameters = named_text_parameters(clip);
  EXPECT_EQ(std::ssize(parameters), num_recorded);
  for (const NamedParameter& parameter : parameters) {
    EXPECT_EQ(parameter.value.sizes(), recorded.at(text("weight.", parameter.name)).sizes());
  }
  EXPECT_EQ(parameters.front().name, "text.transformer.embeddings.word_embeddings.weight");
  EXPECT_THAT(parameters.back().name, ::testing::StartsWith("text.proj."));
  EXPECT_EQ(clip.parameters().front().name, "logit_scale");
}

TEST_P(BertTowerTest, ATextsFeaturesDoNotDependOnTheOthers) {
  const Clip clip = tiny_bert(GetParam());
  std::vector<at::Tensor> one_by_one;
  for (int64_t i = 0; i < tokens.size(0); ++i) {
    const int64_t length = lengths[i].item<int64_t>();
    one_by_one.push_back(
        clip.encode_text(tokens.narrow(0, i, 1).narrow(1, 0, length), lengths.narrow(0, i, 1)));
  }
  const at::Tensor alone = at::cat(one_by_one), together = encode(clip);
  EXPECT_LE(largest_difference(together, alone), 2e-6);
  const std::vector<at::Tensor> found = recorded_gradients(clip, together),
                                expected = recorded_gradients(clip, alone);
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_LE(relative_difference(found[i], expected[i], 0.1), 2e-5) << i;
  }
}

TEST_P(BertTowerTest, TokensBehindTheEndHaveNoInfluence) {
  const Clip clip = tiny_bert(GetParam());
  const at::Tensor behind = at::arange(tokens.size(1)).unsqueeze(0) >= lengths.unsqueeze(1);
  EXPECT_TRUE(at::equal(clip.encode_text(tokens.masked_fill(behind, 33), lengths), encode(clip)));
}

TEST_P(BertTowerTest, ReachesAlmostTheSameFeaturesInBf16) {
  const Clip clip = tiny_bert(GetParam());
  const at::Tensor exact = encode(clip);
  const AutocastScope autocast(c10::kCPU, /*enabled=*/true);
  const at::Tensor rounded = encode(clip);
  EXPECT_EQ(rounded.scalar_type(), at::kFloat);
  EXPECT_LE(largest_difference(rounded, exact), 0.05);
}

// A reducer waits for gradients in the order listed, so a wrong order costs overlap.
TEST_P(BertTowerTest, ListsParametersInTheOrderTheirGradientsComplete) {
  const Clip clip = tiny_bert(GetParam());
  const std::vector<at::Tensor> parameters = clip.text_parameters();
  ASSERT_EQ(parameters.size(), named_text_parameters(clip).size());
  std::vector<size_t> completed;
  for (size_t i = 0; i < parameters.size(); ++i) {
    parameters[i].register_hook([&completed, i](const at::Tensor&) { completed.push_back(i); });
  }
  encode(clip).sum().backward();
  ASSERT_EQ(completed.size(), parameters.size());
  // The 16 parameters of a block complete together, in any order.
  for (size_t place = 0; place < completed.size(); ++place) {
    EXPECT_NEAR(static_cast<double>(completed[place]), static_cast<double>(place), 12);
  }
}

TEST_P(BertTowerTest, TellsPlansWhatItComputes) {
  const Clip clip = tiny_bert(GetParam());
  const TextTowerShape shape = clip.text_tower().shape();
  EXPECT_EQ(shape.blocks.layers, 2);
  EXPECT_EQ(shape.blocks.mlp_width, 40);
  EXPECT_EQ(shape.reads_all_rows, GetParam() == "mean_mlp");
  // A width of 24, 14 features, and a hidden layer of 19.
  EXPECT_EQ(shape.products_per_text, GetParam() == "cls_linear" ? 24 * 24 + 24 * 14 : 19 * 38);
  const PackedTexts packed = clip.text_tower().pack(tokens, lengths, at::kCPU);
  // One token is padding in the midst of its text.
  EXPECT_EQ(packed.token.size(0), lengths.sum().item<int64_t>() - 1);
}

TEST(BertTower, SaysThatItLeavesDropoutOut) {
  ClipConfig config = tiny_bert_config("last_mlp");
  EXPECT_THAT(Clip(config, c10::kMeta).text_tower().training_note(), HasSubstr("dropout, 0.1 in"));
  config.text.bert->dropout = 0;
  EXPECT_EQ(Clip(config, c10::kMeta).text_tower().training_note(), "");
}

TEST(BertTower, NeedsNoProjectionBetweenEqualWidths) {
  ClipConfig config = tiny_bert_config("last_mlp");
  config.text.bert->projection = BertProjection::kNone;
  EXPECT_THROW(Clip(config, c10::kMeta), ConfigError);
  config.embed_dim = config.text.width;
  Clip clip(config, at::kCPU);
  clip.initialize(5);
  const at::Tensor features =
      clip.encode_text(at::tensor({10L, 11L, 12L}).view({1, 3}), at::tensor({3L}));
  EXPECT_EQ(features.sizes(), (std::vector<int64_t>{1, 24}));
  EXPECT_NEAR(features.norm().item<double>(), 1, 1e-6);
}

}  // namespace
}  // namespace dermatome
