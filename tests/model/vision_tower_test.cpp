#include "src/model/vision_tower.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "src/model/autocast.h"
#include "tests/model/plain_panderm.h"
#include "tests/model/vision_models.h"
#include "tests/support/golden.h"

namespace dermatome {
namespace {

using nlohmann::json;

double max_gap(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

// The gradients of the image tower's trained parameters, by name, which are cleared.
std::map<std::string, at::Tensor> take_gradients(const Clip& model) {
  std::map<std::string, at::Tensor> gradients;
  for (const NamedParameter& parameter : model.trained_parameters()) {
    if (!parameter.name.starts_with("visual.")) continue;
    gradients[parameter.name] = parameter.value.grad();
    parameter.value.mutable_grad().reset();
  }
  return gradients;
}

struct Tower {
  std::string name;
  ClipConfig config;
};

std::ostream& operator<<(std::ostream& out, const Tower& tower) { return out << tower.name; }

std::vector<Tower> all_towers() {
  const json after = {{"pool_type", "avg"}, {"final_ln_after_pool", true}, {"no_ln_pre", true}};
  const json options = {{"ls_init_value", 0.3},
                        {"act_kwargs", {{"approximate", "tanh"}}},
                        {"norm_kwargs", {{"eps", 1e-3}}}};
  return {{"open_clip", tiny_open_clip(json::object())},
          {"open_clip_mean", tiny_open_clip({{"pool_type", "avg"}})},
          {"clipa", tiny_open_clip(after)},
          {"open_clip_options", tiny_open_clip(options)},
          {"open_clip_fixed", tiny_open_clip({{"pos_embed_type", "sin_cos_2d"}})},
          {"timm", tiny_timm({{"timm_pool", ""}})},
          {"timm_mean", tiny_timm({{"timm_pool", "avg"}, {"timm_proj_bias", true}})},
          {"timm_mlp", tiny_timm({{"timm_pool", "avg"}, {"timm_proj", "mlp"}})},
          {"timm_classifier", tiny_timm({{"timm_pool", "avg"}, {"timm_proj", nullptr}})},
          {"panderm", tiny_panderm()}};
}

class VisionTowers : public ::testing::TestWithParam<Tower> {
 protected:
  const ClipConfig& config() const { return GetParam().config; }
  Clip model_ = waved_model(GetParam().config);
  at::Tensor pixels_ = waved_pixels(GetParam().config, 3);
};

INSTANTIATE_TEST_SUITE_P(All, VisionTowers, ::testing::ValuesIn(all_towers()),
                         [](const auto& tower) { return tower.param.name; });

TEST_P(VisionTowers, GiveTheSameImagesWithoutPatches) {
  const ImageFeatures with = model_.encode_image(pixels_, /*with_patches=*/true);
  const ImageFeatures without = model_.encode_image(pixels_, /*with_patches=*/false);
  EXPECT_EQ(with.patches.sizes(), (std::vector<int64_t>{3, 9, config().embed_dim}));
  EXPECT_EQ(without.image.sizes(), (std::vector<int64_t>{3, config().embed_dim}));
  EXPECT_LE(max_gap(with.image, without.image), 1e-6);
  EXPECT_GT(max_gap(with.image[0], with.image[1]), 1e-3);
}

TEST_P(VisionTowers, SeeNoDroppedPatch) {
  const at::Tensor all = at::arange(9).expand({3, 9}).contiguous();
  const ImageFeatures whole = model_.encode_image(pixels_, /*with_patches=*/true);
  const ImageFeatures same = model_.encode_image(pixels_, /*with_patches=*/true, all);
  EXPECT_TRUE(at::equal(whole.image, same.image));
  EXPECT_TRUE(at::equal(whole.patches, same.patches));

  // Each image keeps its first patch, at the upper left, and one of the last row.
  const at::Tensor kept = at::tensor(std::vector<int64_t>{0, 6, 0, 7, 0, 8}).view({3, 2});
  const ImageFeatures features = model_.encode_image(pixels_, /*with_patches=*/true, kept);
  EXPECT_EQ(features.patches.size(1), 2);
  at::Tensor changed = pixels_.clone();
  changed.slice(2, 8, 16).add_(1);
  EXPECT_TRUE(at::equal(model_.encode_image(changed, true, kept).image, features.image));
  changed.slice(2, 0, 8).slice(3, 0, 8).add_(1);
  EXPECT_GT(max_gap(model_.encode_image(changed, true, kept).image, features.image), 1e-4);
}

// A patch's embedding is that of an image whose pooled token is the patch's.
TEST_P(VisionTowers, PatchesAreProjectedAsThePooledToken) {
  if (!config().vision.reads_all_tokens()) return;
  const at::Tensor kept = at::tensor(std::vector<int64_t>{4, 0, 8}).view({3, 1});
  const ImageFeatures features = model_.encode_image(pixels_, /*with_patches=*/true, kept);
  EXPECT_LE(max_gap(features.image, features.patches.select(1, 0)), 1e-6);
}

TEST_P(VisionTowers, TrainEveryParameterInTheirLayersAndNothingElse) {
  const ImageFeatures features = model_.encode_image(pixels_, /*with_patches=*/true);
  (features.image * at::sin(at::arange(features.image.numel())).view(features.image.sizes()))
      .sum()
      .backward();
  std::vector<at::TensorImpl*> trained, listed;
  for (const NamedParameter& parameter : model_.trained_parameters()) {
    if (!parameter.name.starts_with("visual.")) continue;
    trained.push_back(parameter.value.unsafeGetTensorImpl());
    ASSERT_TRUE(parameter.value.grad().defined()) << parameter.name;
    EXPECT_GT(parameter.value.grad().norm().item<double>(), 0) << parameter.name;
  }
  ASSERT_EQ(model_.image_layers().size(), static_cast<size_t>(config().vision.layers + 2));
  for (const at::Tensor& parameter : model_.image_parameters()) {
    listed.push_back(parameter.unsafeGetTensorImpl());
  }
  EXPECT_THAT(listed, ::testing::UnorderedElementsAreArray(trained));
}

TEST_P(VisionTowers, HaveTheSameGradientsWithCheckpointedBlocks) {
  const Clip again = waved_model(config(), {.image = kAllBlocks, .text = 0});
  const auto gradients = [&](const Clip& model) {
    const ImageFeatures features = model.encode_image(pixels_, /*with_patches=*/true);
    (features.image.sum() + features.patches.select(2, 0).sum()).backward();
    return take_gradients(model);
  };
  const auto expected = gradients(model_), found = gradients(again);
  for (const auto& [name, gradient] : expected) {
    EXPECT_LE(relative_difference(found.at(name), gradient, 1e-6), 1e-5) << name;
  }
}

TEST_P(VisionTowers, AreCloseToFp32InBf16) {
  const ImageFeatures exact = model_.encode_image(pixels_, /*with_patches=*/true);
  const AutocastScope autocast(c10::kCPU, /*enabled=*/true);
  const ImageFeatures rounded = model_.encode_image(pixels_, /*with_patches=*/true);
  EXPECT_GT(max_gap(rounded.image, exact.image), 0);
  EXPECT_LE(max_gap(rounded.image, exact.image), 0.05);
  EXPECT_LE(max_gap(rounded.patches, exact.patches), 0.05);
  rounded.image.sum().backward();
  for (const auto& [name, gradient] : take_gradients(model_)) {
    EXPECT_EQ(gradient.scalar_type(), at::kFloat) << name;
    EXPECT_TRUE(gradient.isfinite().all().item<bool>()) << name;
  }
}

TEST(PanDermTower, EqualsItsDefinition) {
  const ClipConfig config = tiny_panderm();
  const Clip model = waved_model(config);
  PanDermParameters parameters;
  for (const NamedParameter& parameter : model.parameters()) {
    if (parameter.name.starts_with("visual.")) parameters[parameter.name] = parameter.value;
  }
  const at::Tensor pixels = waved_pixels(config, 2);
  const at::Tensor weights =
      at::sin(at::arange(2 * 10 * config.embed_dim) * 0.9).view({2, 10, config.embed_dim});
  const at::Tensor raw =
      plain_panderm(parameters, config.vision.layers, config.vision.heads(), pixels);
  const at::Tensor expected = raw / raw.norm(2, -1, /*keepdim=*/true);
  (expected * weights).sum().backward();
  const auto expected_gradients = take_gradients(model);

  const ImageFeatures features = model.encode_image(pixels, /*with_patches=*/true);
  const at::Tensor found = at::cat({features.image.unsqueeze(1), features.patches}, 1);
  (found * weights).sum().backward();

  EXPECT_LE(max_gap(found, expected), 2e-6);
  EXPECT_LE(max_gap(model.encode_image_raw(pixels), raw.select(1, 0)), 1e-5);
  EXPECT_EQ(expected_gradients.size(), 2u * 15 + 7);
  for (const auto& [name, gradient] : take_gradients(model)) {
    EXPECT_LE(relative_difference(gradient, expected_gradients.at(name)), 1e-5) << name;
  }
}

TEST(PanDermTower, HasTheRepositorysNamesInItsOrder) {
  const Clip model(tiny_panderm(), at::kMeta);
  std::vector<std::string> names;
  for (const NamedParameter& parameter : model.parameters()) {
    const std::string& name = parameter.name;
    if (!name.starts_with("visual.") || name.starts_with("visual.blocks.1.")) continue;
    names.push_back(name.substr(7) + " " + c10::str(parameter.value.sizes()));
  }
  EXPECT_THAT(
      names,
      ::testing::ElementsAre(
          "cls_token [1, 1, 48]", "pos_embed [1, 10, 48]", "patch_embed.proj.weight [48, 3, 8, 8]",
          "patch_embed.proj.bias [48]", "blocks.0.gamma_1 [48]", "blocks.0.gamma_2 [48]",
          "blocks.0.norm1.weight [48]", "blocks.0.norm1.bias [48]", "blocks.0.attn.q_bias [48]",
          "blocks.0.attn.v_bias [48]", "blocks.0.attn.qkv.weight [144, 48]",
          "blocks.0.attn.proj.weight [48, 48]", "blocks.0.attn.proj.bias [48]",
          "blocks.0.norm2.weight [48]", "blocks.0.norm2.bias [48]",
          "blocks.0.mlp.fc1.weight [120, 48]", "blocks.0.mlp.fc1.bias [120]",
          "blocks.0.mlp.fc2.weight [48, 120]", "blocks.0.mlp.fc2.bias [48]", "norm.weight [48]",
          "norm.bias [48]", "head.weight [20, 48]", "head.bias [20]"));
}

TEST(FixedPositions, BelongToTheWeightsButAreNeverTrained) {
  Clip model = waved_model(tiny_panderm());
  model.lock({.image = 2});
  model.lock({});
  for (const NamedParameter& parameter : model.parameters()) {
    EXPECT_EQ(parameter.value.requires_grad(), parameter.name != "visual.pos_embed");
  }
  EXPECT_EQ(model.num_parameters() - model.num_trained_parameters(), 10 * 48);
  EXPECT_EQ(model.trained_parameters().size() + 1, model.parameters().size());
}

}  // namespace
}  // namespace dermatome
