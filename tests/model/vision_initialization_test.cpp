#include "src/model/vision_initialization.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "src/model/fixed_positions.h"
#include "tests/model/vision_models.h"

namespace dermatome {
namespace {

class NewTower {
 public:
  // Wide enough to estimate moments.
  explicit NewTower(ClipConfig config) : model_(wide(std::move(config)), at::kCPU) {
    model_.initialize(5);
  }

  at::Tensor values(const std::string& name) const {
    for (const NamedParameter& parameter : model_.parameters()) {
      if (parameter.name == name) return parameter.value.detach().to(at::kDouble);
    }
    throw std::out_of_range(name);
  }

  // Second moments within five standard errors, fourth ones of the normal or uniform distribution.
  void expect_normal(const std::string& name, double deviation) const {
    expect(name, deviation, /*fourth=*/3);
  }
  void expect_uniform(const std::string& name, int64_t fan_in) const {
    expect(name, 1 / std::sqrt(3.0 * static_cast<double>(fan_in)), /*fourth=*/1.8);
  }
  void expect_constant(const std::string& name, double value) const {
    EXPECT_TRUE(values(name).eq(at::scalar_tensor(static_cast<float>(value))).all().item<bool>())
        << name;
  }

 private:
  static ClipConfig wide(ClipConfig config) {
    config.embed_dim = 96;
    config.vision.width = 128;
    return config;
  }

  void expect(const std::string& name, double deviation, double fourth) const {
    const at::Tensor scaled = values(name) / deviation;
    const double n = static_cast<double>(scaled.numel());
    EXPECT_NEAR(scaled.square().mean().item<double>(), 1, 5 * std::sqrt(2 / n)) << name;
    EXPECT_NEAR(scaled.pow(4).mean().item<double>(), fourth, 5 * std::sqrt(96 / n)) << name;
  }

  Clip model_;
};

constexpr int64_t kPatchValues = 3 * 8 * 8;

TEST(VisionInitialization, DrawsTimmsTowersAsTimm) {
  const NewTower tower(tiny_timm({{"timm_pool", "avg"}, {"timm_proj_bias", true}}));
  tower.expect_normal("visual.trunk.cls_token", 1e-6);
  tower.expect_normal("visual.trunk.pos_embed", 0.02);
  tower.expect_uniform("visual.trunk.patch_embed.proj.weight", kPatchValues);
  tower.expect_uniform("visual.trunk.patch_embed.proj.bias", kPatchValues);
  for (const char* name : {"attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2"}) {
    const std::string layer = std::string("visual.trunk.blocks.1.") + name;
    tower.expect_normal(layer + ".weight", 0.02);
    tower.expect_constant(layer + ".bias", 0);
  }
  for (const char* name : {"blocks.0.norm1", "blocks.1.norm2", "norm"}) {
    const std::string norm = std::string("visual.trunk.") + name;
    tower.expect_constant(norm + ".weight", 1);
    tower.expect_constant(norm + ".bias", 0);
  }
  tower.expect_uniform("visual.head.proj.weight", 128);
  tower.expect_uniform("visual.head.proj.bias", 128);
}

TEST(VisionInitialization, DrawsTheHeadsOfTimmsTowersAsOpenClip) {
  const NewTower classifier(tiny_timm({{"timm_pool", "avg"}, {"timm_proj", nullptr}}));
  classifier.expect_normal("visual.trunk.head.weight", 0.02);
  classifier.expect_constant("visual.trunk.head.bias", 0);
  classifier.expect_constant("visual.trunk.fc_norm.weight", 1);
  const NewTower mlp(tiny_timm({{"timm_proj", "mlp"}}));
  mlp.expect_uniform("visual.head.mlp.fc1.weight", 128);
  mlp.expect_uniform("visual.head.mlp.fc2.weight", 2 * 96);
}

TEST(VisionInitialization, DrawsPanDermAsItsRepository) {
  const NewTower tower(tiny_panderm());
  tower.expect_normal("visual.cls_token", 0.02);
  tower.expect_uniform("visual.patch_embed.proj.weight", kPatchValues);
  for (const int layer : {0, 1}) {
    const std::string block = "visual.blocks." + std::to_string(layer) + ".";
    tower.expect_normal(block + "attn.qkv.weight", 0.02);
    tower.expect_normal(block + "mlp.fc1.weight", 0.02);
    tower.expect_normal(block + "attn.proj.weight", 0.02 / std::sqrt(2.0 * (layer + 1)));
    tower.expect_normal(block + "mlp.fc2.weight", 0.02 / std::sqrt(2.0 * (layer + 1)));
    tower.expect_constant(block + "gamma_1", 0.1);
    tower.expect_constant(block + "gamma_2", 0.1);
    tower.expect_constant(block + "attn.q_bias", 0);
    tower.expect_constant(block + "attn.v_bias", 0);
    tower.expect_constant(block + "norm2.weight", 1);
  }
  tower.expect_constant("visual.norm.weight", 1);
  tower.expect_normal("visual.head.weight", 0.02 * 0.001);
  tower.expect_constant("visual.head.bias", 0);
  EXPECT_EQ(tower.values("visual.pos_embed").square().sum().item<float>() > 0, true);
}

TEST(VisionInitialization, SetsLayerScale) {
  const NewTower tower(tiny_open_clip({{"ls_init_value", 0.25}}));
  tower.expect_constant("visual.transformer.resblocks.1.ls_1.gamma", 0.25);
  tower.expect_constant("visual.transformer.resblocks.1.ls_2.gamma", 0.25);
}

// Of 3 x 3 patches; width 8 has the frequencies 1 and 0.01.
TEST(VisionInitialization, FixedPositionsAreSinesAndCosinesOfRowAndColumn) {
  VisionConfig config;
  config.image_size = 24;
  config.patch_size = 8;
  config.width = 8;
  const auto at_one_two = [&](ImagePositions positions) {
    config.positions = positions;
    const at::Tensor all = fixed_positions(config);
    EXPECT_EQ(all.sizes(), (std::vector<int64_t>{10, 8}));
    EXPECT_TRUE(all[0].eq(0).all().item<bool>());
    return all[1 + 1 * 3 + 2];  // row 1, column 2
  };
  const at::Tensor one = at::tensor({std::sin(1.0), std::sin(0.01), std::cos(1.0), std::cos(0.01)});
  const at::Tensor two = at::tensor({std::sin(2.0), std::sin(0.02), std::cos(2.0), std::cos(0.02)});
  EXPECT_TRUE(at::allclose(at_one_two(ImagePositions::kFixedRowsFirst),
                           at::cat({one, two}).to(at::kFloat), 1e-6, 1e-7));
  EXPECT_TRUE(at::allclose(at_one_two(ImagePositions::kFixedColumnsFirst),
                           at::cat({two, one}).to(at::kFloat), 1e-6, 1e-7));
}

}  // namespace
}  // namespace dermatome
