#include "src/weights/foreign/clip_model_config.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <string>

#include "src/core/file.h"
#include "src/core/log.h"
#include "src/core/text.h"
#include "tests/support/error_of.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

ClipConfig read(const json& document) {
  const auto path = scratch_folder() / "config.json";
  write_file_atomically(path, document.dump());
  return read_clip_model_config(path);
}

TEST(ClipModelConfig, MissingKeysHaveTransformersDefaults) {
  const ClipConfig config = read({{"model_type", "clip"}, {"vision_config", nullptr}});
  ClipConfig expected;
  expected.quick_gelu = true;
  expected.vision.patch_size = 32;
  EXPECT_EQ(hub_config_json(config), hub_config_json(expected));
}

// MONET's, as transformers wrote it: ViT-L/14, with generic keys.
TEST(ClipModelConfig, LargeModelsAreRead) {
  const ClipConfig config = read({{"model_type", "clip"},
                                  {"architectures", {"CLIPModel"}},
                                  {"projection_dim", 768},
                                  {"torch_dtype", "float32"},
                                  {"vision_config",
                                   {{"hidden_size", 1024},
                                    {"intermediate_size", 4096},
                                    {"num_attention_heads", 16},
                                    {"num_hidden_layers", 24},
                                    {"patch_size", 14},
                                    {"dropout", 0.0}}},
                                  {"text_config",
                                   {{"hidden_size", 768},
                                    {"intermediate_size", 3072},
                                    {"num_attention_heads", 12},
                                    {"eos_token_id", 2},
                                    {"top_k", 50}}}});
  EXPECT_EQ(hub_config_json(config),
            hub_config_json(
                read_clip_config(DERMATOME_SOURCE_DIR "/configs/models/ViT-L-14-quickgelu.json")));
}

TEST(ClipModelConfig, GeluAndSidesGivenTwiceAreRead) {
  const ClipConfig config = read(
      {{"model_type", "clip"},
       {"vision_config", {{"hidden_act", "gelu"}, {"image_size", {96, 96}}, {"patch_size", 8}}},
       {"text_config", {{"hidden_act", "gelu"}}}});
  EXPECT_FALSE(config.quick_gelu);
  EXPECT_EQ(config.vision.image_size, 96);
  EXPECT_EQ(config.vision.patch_size, 8);
}

// transformers reads text_config_dict where it is there, with defaults for what it lacks.
TEST(ClipModelConfig, TheSectionsOfOlderVersionsComeFirst) {
  const ClipConfig config = read({{"model_type", "clip"},
                                  {"text_config", {{"hidden_size", 640}, {"num_hidden_layers", 3}}},
                                  {"text_config_dict", {{"hidden_size", 128}}},
                                  {"vision_config_dict", nullptr},
                                  {"vision_config", {{"num_hidden_layers", 5}}}});
  EXPECT_EQ(config.text.width, 128);
  EXPECT_EQ(config.text.layers, 12);
  EXPECT_EQ(config.vision.layers, 5);
}

TEST(ClipModelConfig, EveryMlpWidthComesBack) {
  const ClipConfig config =
      read({{"model_type", "clip"},
            {"vision_config",
             {{"hidden_size", 448}, {"num_attention_heads", 7}, {"intermediate_size", 61}}}});
  EXPECT_EQ(config.vision.mlp_width(), 61);
  EXPECT_EQ(config.vision.heads(), 7);
}

struct Refused {
  std::string section;
  std::string key;
  json value;
};

class RefusedClipModel : public ::testing::TestWithParam<Refused> {};

TEST_P(RefusedClipModel, NamesFileKeyAndValue) {
  const auto& [section, key, value] = GetParam();
  const std::string message = error_of([&] {
    read({{"model_type", "clip"}, {section, {{key, value}}}});
  });
  EXPECT_THAT(message, AllOf(HasSubstr(text("config.json: ", section, ".", key)),
                             HasSubstr(text("(", value.dump()))));
}

INSTANTIATE_TEST_SUITE_P(ClipModelConfig, RefusedClipModel,
                         ::testing::Values(Refused{"vision_config", "hidden_act", "gelu_new"},
                                           Refused{"text_config", "hidden_act",
                                                   "gelu_pytorch_tanh"},
                                           Refused{"vision_config", "layer_norm_eps", 1e-6},
                                           Refused{"vision_config", "num_channels", 1},
                                           Refused{"vision_config", "image_size", json({224, 192})},
                                           Refused{"vision_config", "patch_size", 225},
                                           Refused{"vision_config", "num_attention_heads", 5},
                                           Refused{"text_config", "hidden_size", 0},
                                           Refused{"text_config", "vocab_size", -3},
                                           Refused{"text_config", "num_hidden_layers", "many"},
                                           Refused{"text_config", "eos_token_id", 49406}));

TEST(ClipModelConfig, TowersOfTwoActivationsAreRefused) {
  EXPECT_THAT(error_of([] {
                read({{"model_type", "clip"}, {"text_config", {{"hidden_act", "gelu"}}}});
              }),
              HasSubstr("only one activation for both towers"));
}

TEST(ClipModelConfig, GuessedPreprocessingIsWarnedOf) {
  initialize_logging(0, 1);
  ::testing::internal::CaptureStderr();
  read({{"model_type", "clip"}});
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              AllOf(HasSubstr("warning"), HasSubstr("OpenAI's preprocessing is assumed")));
}

}  // namespace
}  // namespace dermatome
