#include "src/eval/result_json.h"

#include <gtest/gtest.h>

#include "src/model/clip_config.h"

namespace dermatome {
namespace {

ClipConfig config_of(int64_t width, int64_t layers, int64_t patch_size, int64_t image_size) {
  ClipConfig config;
  config.vision.width = width;
  config.vision.layers = layers;
  config.vision.patch_size = patch_size;
  config.vision.image_size = image_size;
  return config;
}

TEST(ArchitectureName, IsTheNameOfOpenClipIfThereIsOne) {
  EXPECT_EQ(architecture_name(config_of(768, 12, 16, 224)), "ViT-B-16");
  EXPECT_EQ(architecture_name(config_of(1024, 24, 14, 336)), "ViT-L-14-336");
  ClipConfig openai = config_of(768, 12, 32, 224);
  openai.quick_gelu = true;
  EXPECT_EQ(architecture_name(openai), "ViT-B-32-quickgelu");
  openai = config_of(1024, 24, 14, 336);
  openai.quick_gelu = true;
  EXPECT_EQ(architecture_name(openai), "ViT-L-14-336-quickgelu");
}

TEST(ArchitectureName, GivesTheTowersShapeIfOpenClipHasNoName) {
  EXPECT_EQ(architecture_name(config_of(384, 6, 16, 224)), "ViT-384x6-16");
  EXPECT_EQ(architecture_name(config_of(192, 4, 8, 64)), "ViT-192x4-8-64");
}

}  // namespace
}  // namespace dermatome
