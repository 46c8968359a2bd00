// The configurations in configs/.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "src/config/field_reader.h"
#include "src/config/train_config.h"
#include "src/config/train_fields.h"
#include "src/config/train_options.h"

namespace dermatome {
namespace {

TEST(ShippedConfigs, TheMakeRecipeEqualsThePublishedRecipe) {
  const TrainOptions o = load_train_config(DERMATOME_SOURCE_DIR "/configs/make_vit_b16.yaml", {});
  EXPECT_EQ(o.model.architecture, "configs/models/ViT-B-16-quickgelu.json");
  EXPECT_EQ(o.model.checkpointed_image_blocks, -1);
  EXPECT_EQ(o.model.checkpointed_text_blocks, -1);
  EXPECT_EQ(o.batch_size, 2048);
  EXPECT_EQ(o.optimizer, (OptimizerOptions{.lr = 1e-4, .weight_decay = 0.1}));
  EXPECT_EQ(o.schedule, (ScheduleOptions{.epochs = 15, .warmup = 1500}));
  EXPECT_EQ(o.data.workers, 32);
  EXPECT_EQ(o.data.sampling, Sampling::kShuffle);
  const AugmentationOptions augmentation{.scale = {0.4, 1.0},
                                         .color_jitter = {0.32, 0.32, 0.32, 0.08},
                                         .color_jitter_probability = 0.8,
                                         .gray_probability = 0.2};
  EXPECT_EQ(o.augmentation, augmentation);
  EXPECT_EQ(o.objective, ObjectiveOptions());
  EXPECT_EQ(o.checkpoint.every_epochs, 15);
  EXPECT_EQ(o.validation.every_epochs, 1);
}

// Then the recipe stays what it is if a default changes.
TEST(ShippedConfigs, TheMakeRecipeNamesEveryKeyThatDefinesTheResult) {
  TrainOptions options;
  FieldReader reader(train_fields(options), "the recipe");
  reader.read(DERMATOME_SOURCE_DIR "/configs/make_vit_b16.yaml");
  for (const Field& field : train_fields(options)) {
    EXPECT_TRUE(!field.defines_result || reader.is_set(field.key)) << field.key;
  }
}

TEST(ShippedConfigs, TheSmallestConfigurationHasSixLines) {
  std::ifstream file(DERMATOME_SOURCE_DIR "/configs/smallest.yaml");
  int lines = 0;
  for (std::string line; std::getline(file, line);) lines += line.starts_with('#') ? 0 : 1;
  EXPECT_EQ(lines, 6);
}

TEST(ShippedConfigs, EveryShippedConfigurationIsValid) {
  const std::filesystem::path root = DERMATOME_SOURCE_DIR;
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(root / "configs")) {
    const bool is_of_devices = entry.path().filename() == "devices.yaml";
    if (entry.path().extension() != ".yaml" || is_of_devices) continue;
    SCOPED_TRACE(entry.path());
    const TrainOptions options = load_train_config(entry.path(), {});
    names.insert(options.name);
    EXPECT_TRUE(std::filesystem::exists(root / options.model.architecture));
    for (const auto& benchmark : options.validation.benchmarks) {
      EXPECT_TRUE(std::filesystem::exists(root / benchmark)) << benchmark;
    }
  }
  EXPECT_THAT(names, testing::IsSupersetOf({"quickstart", "make_vit_b16", "smallest"}));
}

}  // namespace
}  // namespace dermatome
