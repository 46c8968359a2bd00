#include "src/export/clip_model_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/error_of.h"

namespace dermatome {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

// Sizes that differ from each other.
ClipConfig config() {
  ClipConfig config;
  config.embed_dim = 40;
  config.vision = {.image_size = 48,
                   .patch_size = 12,
                   .width = 72,
                   .layers = 3,
                   .head_width = 24,
                   .mlp_ratio = 2.5};
  config.text = {.context_length = 33, .width = 60, .heads = 4, .layers = 2, .mlp_ratio = 3};
  return config;
}

TEST(ClipModelFiles, ConfigHasTheSizesOfBothTowers) {
  const json whole =
      json::parse(clip_model_config(config(), ExportFormat::kTransformers, "float32"));
  EXPECT_EQ(whole.at("model_type"), "clip");
  EXPECT_EQ(whole.at("architectures"), json::array({"CLIPModel"}));
  EXPECT_EQ(whole.at("projection_dim"), 40);
  EXPECT_EQ(whole.at("torch_dtype"), "float32");
  const json& vision = whole.at("vision_config");
  EXPECT_EQ(vision.at("hidden_size"), 72);
  EXPECT_EQ(vision.at("intermediate_size"), 180);
  EXPECT_EQ(vision.at("num_attention_heads"), 3);
  EXPECT_EQ(vision.at("num_hidden_layers"), 3);
  EXPECT_EQ(vision.at("image_size"), 48);
  EXPECT_EQ(vision.at("patch_size"), 12);
  EXPECT_EQ(vision.at("hidden_act"), "gelu");
  const json& text = whole.at("text_config");
  EXPECT_EQ(text.at("hidden_size"), 60);
  EXPECT_EQ(text.at("intermediate_size"), 180);
  EXPECT_EQ(text.at("num_attention_heads"), 4);
  EXPECT_EQ(text.at("num_hidden_layers"), 2);
  EXPECT_EQ(text.at("max_position_embeddings"), 33);
  EXPECT_EQ(text.at("vocab_size"), 49408);
  EXPECT_EQ(text.at("eos_token_id"), 49407);
}

TEST(ClipModelFiles, ConfigOfOneTowerHasItsSizesAtTheTop) {
  ClipConfig quick = config();
  quick.quick_gelu = true;
  const json vision = json::parse(clip_model_config(quick, ExportFormat::kVision, "bfloat16"));
  EXPECT_EQ(vision.at("architectures"), json::array({"CLIPVisionModelWithProjection"}));
  EXPECT_EQ(vision.at("model_type"), "clip_vision_model");
  EXPECT_EQ(vision.at("hidden_size"), 72);
  EXPECT_EQ(vision.at("projection_dim"), 40);
  EXPECT_EQ(vision.at("hidden_act"), "quick_gelu");
  EXPECT_EQ(vision.at("torch_dtype"), "bfloat16");
  const json text = json::parse(clip_model_config(quick, ExportFormat::kText, "float16"));
  EXPECT_EQ(text.at("architectures"), json::array({"CLIPTextModelWithProjection"}));
  EXPECT_EQ(text.at("hidden_size"), 60);
}

TEST(ClipModelFiles, ImageProcessorPreparesAsThePreprocessingSays) {
  ClipConfig model = config();
  const json cropped = json::parse(image_processor_config(model));
  EXPECT_EQ(cropped.at("size"), json({{"shortest_edge", 48}}));
  EXPECT_EQ(cropped.at("resample"), 3);
  EXPECT_EQ(cropped.at("do_center_crop"), true);
  EXPECT_EQ(cropped.at("image_mean").at(0), 0.48145466);
  model.preprocess.resize_mode = "squash";
  model.preprocess.interpolation = "bilinear";
  const json squashed = json::parse(image_processor_config(model));
  EXPECT_EQ(squashed.at("size"), json({{"height", 48}, {"width", 48}}));
  EXPECT_EQ(squashed.at("resample"), 2);
  EXPECT_EQ(squashed.at("do_center_crop"), false);
}

TEST(ClipModelFiles, NamesTheKeyThatTheFormatCannotExpress) {
  json document = json::parse(hub_config_json(config()));
  EXPECT_EQ(inexpressible_key(document.dump(), ExportFormat::kTransformers), "");
  document["model_cfg"]["vision_cfg"]["timm_model_name"] = "vit_base_patch16_224";
  EXPECT_EQ(inexpressible_key(document.dump(), ExportFormat::kTransformers),
            "vision_cfg.timm_model_name");
  EXPECT_EQ(inexpressible_key(document.dump(), ExportFormat::kVision),
            "vision_cfg.timm_model_name");
  EXPECT_EQ(inexpressible_key(document.dump(), ExportFormat::kText), "");
  document["model_cfg"]["text_cfg"]["hf_model_name"] = "bert";
  EXPECT_EQ(inexpressible_key(document.dump(), ExportFormat::kText), "text_cfg.hf_model_name");
}

TEST(ClipModelFiles, RefusesAVocabularyThatIsSmallerThanTheTokenizers) {
  ClipConfig model = config();
  model.text.vocab_size = 500;
  EXPECT_THAT(
      error_of([&] { check_expressible(model, ExportFormat::kTransformers); }),
      AllOf(HasSubstr("--format transformers cannot hold"), HasSubstr("vocab_size of 500")));
  check_expressible(model, ExportFormat::kVision);
  check_expressible(model, ExportFormat::kOpenClip);
}

}  // namespace
}  // namespace dermatome
