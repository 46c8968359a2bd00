#include "src/model/vision_config.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <string>

#include "src/core/strict_json.h"
#include "tests/support/error_of.h"

namespace dermatome {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

VisionConfig read_vision(const json& section, int64_t embed_dim = 512) {
  return read_vision_config(JsonObject("model.json", "vision_cfg", section), embed_dim);
}

// What was read is written so that it is read again.
VisionConfig read_twice(const json& section, int64_t embed_dim = 512) {
  const VisionConfig config = read_vision(section, embed_dim);
  const json written = json::parse(vision_config_json(config).dump());
  const VisionConfig again = read_vision(written, embed_dim);
  EXPECT_EQ(vision_config_json(again), vision_config_json(config));
  return again;
}

json timm(const json& options) {
  json section = {{"timm_model_name", "vit_base_patch16_224"}, {"image_size", 224}};
  section.update(options);
  return section;
}

TEST(VisionConfig, DescribesAPlainTowerByItsSizesAlone) {
  EXPECT_EQ(vision_config_json(read_twice(json::object())).dump(),
            R"({"image_size":224,"layers":12,"width":768,"head_width":64,"mlp_ratio":4.0,)"
            R"("patch_size":16})");
}

TEST(VisionConfig, ReadsTheOptionsOfOpenClipsTowers) {
  const VisionConfig config = read_twice({{"ls_init_value", 0.0001},
                                          {"no_ln_pre", true},
                                          {"pool_type", "avg"},
                                          {"final_ln_after_pool", true},
                                          {"pos_embed_type", "sin_cos_2d"},
                                          {"act_kwargs", {{"approximate", "tanh"}}},
                                          {"norm_kwargs", {{"eps", 1e-6}}}});
  EXPECT_EQ(config.layer_scale, 0.0001);
  EXPECT_FALSE(config.pre_norm);
  EXPECT_EQ(config.pooling, ImagePooling::kMeanOfPatches);
  EXPECT_EQ(config.final_norm, FinalNorm::kAfterPooling);
  EXPECT_EQ(config.positions, ImagePositions::kFixedColumnsFirst);
  EXPECT_TRUE(config.tanh_gelu);
  EXPECT_EQ(config.norm_eps, 1e-6);
}

struct TimmForm {
  json pool, projection;
  ImagePooling pooling;
  FinalNorm norm;
  ImageHead head;
};

// As open_clip's TimmModel treats timm_pool and timm_proj.
TEST(VisionConfig, ReadsTheFormsOfTimmsTowers) {
  using enum ImageHead;
  constexpr auto kToken = ImagePooling::kClassToken, kMean = ImagePooling::kMeanOfPatches;
  constexpr auto kBefore = FinalNorm::kBeforePooling, kAfter = FinalNorm::kAfterPooling;
  for (const TimmForm& form : {TimmForm{"", "linear", kToken, kBefore, kLinear},
                               {"token", "mlp", kToken, kBefore, kMlp},
                               {"avg", "linear", kMean, kBefore, kLinear},
                               {"avg", "", kMean, kAfter, kClassifier},
                               {"avg", nullptr, kMean, kAfter, kClassifier},
                               {"token", nullptr, kToken, kBefore, kClassifier},
                               {"avg", "none", kMean, kAfter, kNone}}) {
    const VisionConfig config =
        read_twice(timm({{"timm_pool", form.pool}, {"timm_proj", form.projection}}), 768);
    EXPECT_EQ(config.pooling, form.pooling) << form.pool << form.projection;
    EXPECT_EQ(config.final_norm, form.norm) << form.pool << form.projection;
    EXPECT_EQ(config.head, form.head) << form.pool << form.projection;
  }
  const VisionConfig by_default = read_twice(timm({{"timm_proj_bias", true}}));
  EXPECT_EQ(by_default.pooling, kMean);
  EXPECT_EQ(by_default.head, kLinear);
  EXPECT_TRUE(by_default.head_bias);
}

TEST(VisionConfig, ReadsTimmsNumbers) {
  const VisionConfig large =
      read_twice({{"timm_model_name", "vit_large_patch16_224.augreg_in21k"}, {"width", 7}});
  EXPECT_EQ(large.timm_model_name, "vit_large_patch16_224.augreg_in21k");
  EXPECT_EQ(large.width, 1024);
  EXPECT_EQ(large.layers, 24);
  EXPECT_EQ(large.heads(), 16);
  EXPECT_EQ(large.mlp_width(), 4096);
  EXPECT_EQ(large.norm_eps, 1e-6);
}

TEST(VisionConfig, KnowsPanDermByItsKey) {
  const json base = {{"image_size", 224},
                     {"layers", 12},
                     {"width", 768},
                     {"patch_size", 16},
                     {"pretrain_path", "/home/somebody/weights.pth"}};
  const VisionConfig config = read_twice(base);
  EXPECT_EQ(config.family, VisionFamily::kPanDerm);
  EXPECT_EQ(config.width, 768);
  EXPECT_EQ(config.layers, 12);
  EXPECT_EQ(config.final_norm, FinalNorm::kBoth);
  // The published description of PanDerm-large states the sizes of PanDerm-base.
  const VisionConfig large = read_twice(base, 768);
  EXPECT_EQ(large.width, 1024);
  EXPECT_EQ(large.layers, 24);
  EXPECT_EQ(large.heads(), 16);
}

struct RefusedVision {
  json section;
  std::string message;
};

std::ostream& operator<<(std::ostream& out, const RefusedVision& refused) {
  return out << refused.section.dump();
}

class RefusedVisionConfig : public ::testing::TestWithParam<RefusedVision> {};

TEST_P(RefusedVisionConfig, NamesTheKey) {
  EXPECT_THAT(error_of([] { read_vision(GetParam().section); }), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusedVisionConfig,
    ::testing::Values(
        RefusedVision{
            timm({{"timm_model_name", "convnext_base"}}),
            "vision_cfg.timm_model_name (\"convnext_base\") is not implemented; of timm's "
            "models, these are: vit_small_patch16_224, vit_base_patch16_224, "
            "vit_large_patch16_224"},
        RefusedVision{timm({{"image_size", 384}}),
                      "image_size (384) must be that of the timm model"},
        RefusedVision{timm({{"timm_pool", "map"}}), "timm_pool (\"map\")"},
        RefusedVision{timm({{"timm_pool", ""}, {"timm_proj", nullptr}}), "timm_pool"},
        RefusedVision{timm({{"timm_proj", "cubic"}}), "timm_proj"},
        RefusedVision{timm({{"timm_proj", "none"}}), "embeddings of the tower's width, 768"},
        RefusedVision{timm({{"timm_drop_path", 0.1}}), "timm_drop_path"},
        RefusedVision{timm({{"timm_wrong", 1}}), "timm_wrong"},
        RefusedVision{{{"attentional_pool", true}}, "attentional_pool"},
        RefusedVision{{{"pool_type", "none"}}, "pool_type"},
        RefusedVision{{{"pos_embed_type", "rope"}}, "pos_embed_type"},
        RefusedVision{{{"pos_embed_type", "sin_cos_2d"}, {"width", 66}, {"head_width", 33}},
                      "pos_embed_type"},
        RefusedVision{{{"act_kwargs", {{"approximate", "erf"}}}}, "act_kwargs.approximate"},
        RefusedVision{{{"norm_kwargs", {{"eps", -1}}}}, "norm_kwargs.eps"},
        RefusedVision{{{"norm_kwargs", {{"bias", false}}}}, "norm_kwargs.bias"},
        RefusedVision{{{"pretrain_path", nullptr}, {"pool_type", "tok"}}, "pool_type"}));

}  // namespace
}  // namespace dermatome
