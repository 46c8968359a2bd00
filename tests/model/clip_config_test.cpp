#include "src/model/clip_config.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "src/core/error.h"
#include "tests/support/error_of.h"

namespace dermatome {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

ClipConfig read(const json& document) {
  const auto path = std::filesystem::path(::testing::TempDir()) / "dermatome_clip_config.json";
  std::ofstream(path) << document.dump();
  return read_clip_config(path);
}

json vit_b_16() {
  return json::parse(R"({
    "embed_dim": 512,
    "vision_cfg": {"image_size": 224, "layers": 12, "width": 768, "patch_size": 16},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 512, "heads": 8, "layers": 12}})");
}

TEST(ClipConfig, ReadsABareModelConfiguration) {
  const ClipConfig config = read(vit_b_16());
  EXPECT_EQ(config.embed_dim, 512);
  EXPECT_FALSE(config.quick_gelu);
  EXPECT_EQ(config.vision.num_patches(), 196);
  EXPECT_EQ(config.vision.heads(), 12);
  EXPECT_EQ(config.vision.mlp_width(), 3072);
  EXPECT_EQ(config.text.heads, 8);
  EXPECT_EQ(config.preprocess.mean[0], 0.48145466);
}

TEST(ClipConfig, ReadsAHubFile) {
  json model = vit_b_16();
  model["quick_gelu"] = true;
  model["vision_cfg"]["head_width"] = 32;
  model["vision_cfg"]["mlp_ratio"] = 2.5;
  model["vision_cfg"]["image_size"] = {96, 96};
  const ClipConfig config = read({{"model_cfg", model},
                                  {"preprocess_cfg",
                                   {{"mean", {0.1, 0.2, 0.3}},
                                    {"std", {1, 2, 3}},
                                    {"size", {96, 96}},
                                    {"mode", "RGB"},
                                    {"interpolation", "bilinear"},
                                    {"resize_mode", "squash"}}}});
  EXPECT_TRUE(config.quick_gelu);
  EXPECT_EQ(config.vision.heads(), 24);
  EXPECT_EQ(config.vision.mlp_width(), 1920);
  EXPECT_EQ(config.vision.image_size, 96);
  EXPECT_EQ(config.preprocess.mean, (std::array<double, 3>{0.1, 0.2, 0.3}));
  EXPECT_EQ(config.preprocess.std, (std::array<double, 3>{1, 2, 3}));
  EXPECT_EQ(config.preprocess.interpolation, "bilinear");
  EXPECT_EQ(config.preprocess.resize_mode, "squash");
}

TEST(ClipConfig, AcceptsKeysThatChangeNothing) {
  json model = vit_b_16();
  model["custom_text"] = false;
  model["vision_cfg"].update({{"timm_model_name", nullptr},
                              {"timm_pool", "avg"},
                              {"pool_type", "tok"},
                              {"patch_dropout", 0},
                              {"act_kwargs", nullptr}});
  model["text_cfg"].update(
      {{"pool_type", "argmax"}, {"pad_id", 0}, {"norm_kwargs", json::object()}});
  EXPECT_NO_THROW(read(model));
}

TEST(ClipConfig, QuickGeluConcernsOpenClipsTowersOnly) {
  json model = vit_b_16();
  model["quick_gelu"] = true;
  EXPECT_EQ(read(model).image_activation(), Activation::kQuickGelu);
  model["vision_cfg"]["act_kwargs"] = {{"approximate", "tanh"}};
  EXPECT_THAT(error_of([&] { read(model); }), HasSubstr("quick_gelu"));
  model["quick_gelu"] = false;
  EXPECT_EQ(read(model).image_activation(), Activation::kTanhGelu);
  EXPECT_EQ(read(model).activation(), Activation::kGelu);
  model["quick_gelu"] = true;
  for (const char* vision :
       {R"({"timm_model_name": "vit_base_patch16_224"})", R"({"pretrain_path": null})"}) {
    model["vision_cfg"] = json::parse(vision);
    EXPECT_EQ(read(model).image_activation(), Activation::kGelu);
    EXPECT_EQ(read(model).activation(), Activation::kQuickGelu);
  }
}

TEST(ClipConfig, ComesBackFromAHubFile) {
  json model = vit_b_16();
  model["quick_gelu"] = true;
  model["vision_cfg"]["mlp_ratio"] = 3.5;
  ClipConfig config = read(model);
  config.preprocess.std = {0.5, 0.25, 0.125};
  config.preprocess.resize_mode = "squash";

  const std::string written = hub_config_json(config);

  EXPECT_EQ(hub_config_json(read(json::parse(written))), written);
  EXPECT_THAT(written, HasSubstr("\"mlp_ratio\": 3.5"));
  EXPECT_THAT(written, HasSubstr("\"squash\""));
}

struct Refused {
  std::string pointer;  // JSON pointer into a hub file
  json value;
  std::string message;
};

std::ostream& operator<<(std::ostream& out, const Refused& refused) {
  return out << refused.pointer << " = " << refused.value.dump();
}

class RefusedClipConfig : public ::testing::TestWithParam<Refused> {};

TEST_P(RefusedClipConfig, NamesFileAndKey) {
  json document = {{"model_cfg", vit_b_16()}, {"preprocess_cfg", json::object()}};
  document[json::json_pointer(GetParam().pointer)] = GetParam().value;
  try {
    read(document);
    FAIL() << "accepted " << document.dump();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("dermatome_clip_config.json"));
    EXPECT_THAT(error.what(), HasSubstr(GetParam().message));
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusedClipConfig,
    ::testing::Values(
        Refused{"/model_cfg/vision_cfg/layers", {3, 4, 6, 3}, "model_cfg.vision_cfg.layers"},
        Refused{"/model_cfg/vision_cfg/timm_model_name", "vit_base", "timm_model_name"},
        Refused{"/model_cfg/vision_cfg/pool_type", "none", "pool_type"},
        Refused{"/model_cfg/vision_cfg/patch_dropout", 0.5, "patch_dropout"},
        Refused{"/model_cfg/vision_cfg/qk_norm", true, "qk_norm"},
        Refused{"/model_cfg/vision_cfg/norm_kwargs", {{"bias", false}}, "norm_kwargs"},
        Refused{"/model_cfg/vision_cfg/image_size", {224, 196}, "only squares"},
        Refused{"/model_cfg/vision_cfg/width", 0, "vision_cfg.width"},
        Refused{"/model_cfg/vision_cfg/width", -8, "vision_cfg.width"},
        Refused{"/model_cfg/vision_cfg/width", 768.5, "vision_cfg.width"},
        Refused{"/model_cfg/vision_cfg/width", "768", "vision_cfg.width"},
        Refused{"/model_cfg/vision_cfg/width", 1ULL << 60, "vision_cfg.width"},
        Refused{"/model_cfg/vision_cfg/width", 32, "head_width"},
        Refused{"/model_cfg/vision_cfg/head_width", 150, "head_width"},
        Refused{"/model_cfg/vision_cfg/patch_size", 300, "patch_size"},
        Refused{"/model_cfg/vision_cfg/mlp_ratio", 0, "mlp_ratio"},
        Refused{"/model_cfg/vision_cfg/mlp_ratio", -1e300, "mlp_ratio"},
        Refused{"/model_cfg/vision_cfg/mlp_ratio", 1e300, "mlp_ratio"},
        Refused{"/model_cfg/vision_cfg/patch_embeddings", true, "unknown key"},
        Refused{"/model_cfg/vision_cfg", 7, "JSON object"},
        Refused{"/model_cfg/text_cfg/pool_type", "eos", "pool_type"},
        Refused{"/model_cfg/text_cfg/hf_model_name", 7, "hf_model_name"},
        Refused{"/model_cfg/text_cfg/hf_tokenizer_name", "bert", "hf_tokenizer_name"},
        Refused{"/model_cfg/text_cfg/no_causal_mask", true, "no_causal_mask"},
        Refused{"/model_cfg/text_cfg/heads", 7, "text_cfg.heads"},
        Refused{"/model_cfg/text_cfg/witdh", 7, "text_cfg.witdh"},
        Refused{"/model_cfg/text_cfg", nullptr, "text_cfg"},
        Refused{"/model_cfg/custom_text", true, "custom_text"},
        Refused{"/model_cfg/init_logit_bias", -10, "init_logit_bias"},
        Refused{"/model_cfg/quick_gelu", 1, "quick_gelu"},
        Refused{"/model_cfg/embed_dim", nullptr, "embed_dim"},
        Refused{"/preprocess_cfg/mean", {0.5, 0.5}, "preprocess_cfg.mean"},
        Refused{"/preprocess_cfg/std", {0.5, 0.5, 0}, "preprocess_cfg.std"},
        Refused{"/preprocess_cfg/interpolation", "nearest", "interpolation"},
        Refused{"/preprocess_cfg/resize_mode", "longest", "resize_mode"},
        Refused{"/preprocess_cfg/size", 196, "preprocess_cfg.size"},
        Refused{"/preprocess_cfg/color", 196, "unknown key"}, Refused{"/extra", 1, "extra"}));

TEST(ClipConfig, RefusesWhatIsNotJson) {
  const auto path = std::filesystem::path(::testing::TempDir()) / "dermatome_not_json.json";
  std::ofstream(path) << "{";
  EXPECT_THROW(read_clip_config(path), ConfigError);
  EXPECT_THROW(read_clip_config("no/such/file.json"), DataError);
}

}  // namespace
}  // namespace dermatome
