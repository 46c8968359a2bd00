#include "src/train/memory_plan.h"

#include <gtest/gtest.h>

#include "src/model/transformer.h"

namespace dermatome {
namespace {

struct MemoryPlanTest : testing::Test {
  double bytes(bool on_gpu = false) const {
    return plan_memory(config, options, load, on_gpu).device_bytes;
  }

  ClipConfig config;  // ViT-B/16
  TrainOptions options;
  StepLoad load{.ranks = 1, .images = 64, .tokens_per_image = 197, .texts = assumed_texts({}, 64)};
};

TEST_F(MemoryPlanTest, IsTheSumOfItsParts) {
  for (const bool on_gpu : {false, true}) {
    const MemoryPlan plan = plan_memory(config, options, load, on_gpu);
    double sum = 0;
    for (const MemoryPart& part : plan.parts) {
      EXPECT_GT(part.bytes, 0) << part.what;
      sum += part.bytes;
    }
    EXPECT_DOUBLE_EQ(plan.device_bytes + plan.host_bytes, sum);
    EXPECT_EQ(plan.host_bytes > 0, on_gpu);
  }
}

TEST_F(MemoryPlanTest, CountsParametersAndTheirThreeCompanions) {
  const MemoryPlan plan = plan_memory(config, options, load, false);
  // ViT-B/16 of open_clip has 149,620,737 parameters.
  EXPECT_EQ(plan.parts[0].bytes, 4.0 * 149'620'737);
  EXPECT_EQ(plan.parts[1].bytes, plan.parts[0].bytes);
  EXPECT_EQ(plan.parts[2].bytes, 2 * plan.parts[0].bytes);
}

TEST_F(MemoryPlanTest, ShrinksByEverythingThatSavesMemory) {
  const double whole = bytes();
  options.accum = 8;
  const double accumulated = bytes();
  EXPECT_LT(accumulated, 0.5 * whole);
  options.accum = 1;
  options.model.checkpointed_image_blocks = 6;
  const double half = bytes();
  options.model.checkpointed_image_blocks = kAllBlocks;
  const double all = bytes();
  EXPECT_LT(half, whole);
  EXPECT_LT(all, half);
  options.model.checkpointed_image_blocks = 0;
  options.model.precision = Precision::kAmpBf16;
  EXPECT_LT(bytes(), whole);
  options.model.precision = Precision::kFp32;
  load.tokens_per_image = 99;
  EXPECT_LT(bytes(), 0.75 * whole);
}

TEST_F(MemoryPlanTest, GrowsWithTheGatheredBatchOnlyByItsEmbeddings) {
  const double one = bytes();
  load.ranks = 1024;
  load.images = 64;
  const double many = bytes();
  // 1024 times 64 images and local vectors and 218 texts of 512 numbers, twice; and larger tiles.
  const double gathered = 2 * 1024.0 * (2 * 64 + load.texts.texts) * 512 * 4;
  EXPECT_LT(many - one, gathered + 4.0 * 3 * 2048 * 2048);
}

}  // namespace
}  // namespace dermatome
