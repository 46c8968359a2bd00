#include "src/plan/memory_plan.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "src/config/train_options.h"
#include "src/model/transformer.h"

namespace dermatome {
namespace {

struct MemoryPlanTest : testing::Test {
  double bytes(bool on_gpu = false) const {
    return plan_memory(config, options, load, on_gpu).device_bytes;
  }
  double bytes_of(const std::string& what, bool on_gpu) const {
    for (const MemoryPart& part : plan_memory(config, options, load, on_gpu).parts) {
      if (part.what == what) return part.bytes;
    }
    return 0;
  }

  ClipConfig config;  // ViT-B/16
  TrainOptions options;
  StepLoad load{.ranks = 1, .images = 64, .tokens_per_image = 197, .texts = assumed_texts({}, 64)};
};

TEST_F(MemoryPlanTest, IsTheSumOfItsParts) {
  for (const auto& [on_gpu, validation_images] :
       {std::pair(false, 0), {true, 0}, {false, 1'000}, {true, 1'000}}) {
    load.validation_images = validation_images;
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

TEST_F(MemoryPlanTest, CountsParametersGradientsAndTwoMoments) {
  const MemoryPlan plan = plan_memory(config, options, load, false);
  // ViT-B/16 of open_clip has 149,620,737 parameters.
  EXPECT_EQ(plan.parts[0].bytes, 4.0 * 149'620'737);
  EXPECT_EQ(plan.parts[1].bytes, plan.parts[0].bytes);
  EXPECT_EQ(plan.parts[2].bytes, 2 * plan.parts[0].bytes);
}

TEST_F(MemoryPlanTest, LockedParametersHaveNoGradientsAndNoMoments) {
  options.model.lock_image = {LockedPart::kAll};
  const MemoryPlan plan = plan_memory(config, options, load, false);
  // The image tower of ViT-B/16 has 86,192,640 parameters.
  EXPECT_EQ(plan.parameter_bytes, 4.0 * 149'620'737);
  EXPECT_EQ(plan.trained_bytes, 4.0 * (149'620'737 - 86'192'640));
  EXPECT_EQ(plan.parts[0].bytes, plan.parameter_bytes);
  EXPECT_EQ(plan.parts[1].bytes, plan.trained_bytes);
  EXPECT_EQ(plan.parts[2].bytes, 2 * plan.trained_bytes);
}

TEST_F(MemoryPlanTest, LockedBlocksKeepNoActivations) {
  const std::string kept = "image tower, kept for its backward pass";
  const double whole = bytes(), of_all = bytes_of(kept, false);
  options.model.lock_image = {LockedPart::kFirst, 6};
  const double of_half = bytes_of(kept, false);
  EXPECT_NEAR(of_half / of_all, 0.5, 0.02);
  EXPECT_LT(bytes(), whole - of_all / 3);
  options.model.checkpointed_image_blocks = 6;  // they are locked
  EXPECT_EQ(bytes_of(kept, false), of_half);
  options.model.checkpointed_image_blocks = 0;
  options.model.lock_image = {LockedPart::kAll};
  EXPECT_LT(bytes_of(kept, false), 0.02 * of_all);
}

TEST_F(MemoryPlanTest, ShrinksWithEverySettingThatSavesMemory) {
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
  // The gathered batch has 1024 times 64 images, 64 local vectors and 218 texts, with 512 numbers
  // each, and is held twice. Tiles are larger, too.
  const double gathered = 2 * 1024.0 * (2 * 64 + load.texts.texts) * 512 * 4;
  EXPECT_LT(many - one, gathered + 4.0 * 3 * 2048 * 2048);
}

TEST_F(MemoryPlanTest, CountsTheShardsMetadataUpToTheReadersLimit) {
  const double without = plan_memory(config, options, load, true).host_bytes;
  const auto metadata = [&](int64_t num_samples) {
    load.num_samples = num_samples;
    return plan_memory(config, options, load, true).host_bytes - without;
  };
  EXPECT_DOUBLE_EQ(metadata(1'000'000), 290e6);
  EXPECT_DOUBLE_EQ(metadata(100'000'000), 4.0 * (1 << 30));
}

TEST_F(MemoryPlanTest, CountsTheBatchesThatTheLoaderHolds) {
  options.data.prefetch = 5;
  // Beside the five prefetched batches, three are in use.
  EXPECT_DOUBLE_EQ(bytes_of("batches ready", /*on_gpu=*/true), 8.0 * 64 * 3 * 224 * 224);
}

// malloc maps blocks larger than 32 MiB separately, so these leave no holes.
TEST_F(MemoryPlanTest, CountsHolesOfEncodingByTheSizeOfItsTensors) {
  const auto holes = [&](int64_t images) {
    load.validation_images = images;
    return bytes_of("freed memory that malloc does not find again", /*on_gpu=*/false);
  };
  const double of_steps = holes(0);
  // Per image, four tensors have 197 rows of 768 numbers, and two are four times as wide.
  const double stream = 197.0 * 768 * 4;
  EXPECT_NEAR(holes(10) - of_steps, 10 * (4 + 2 * 4) * stream, 1);
  EXPECT_NEAR(holes(20) - of_steps, 20 * 4 * stream, 1);
  EXPECT_EQ(holes(60), of_steps);
}

}  // namespace
}  // namespace dermatome
