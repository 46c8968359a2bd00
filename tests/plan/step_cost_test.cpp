#include "src/plan/step_cost.h"

#include <gtest/gtest.h>

#include <utility>

#include "src/config/train_options.h"
#include "src/model/transformer.h"

namespace dermatome {
namespace {

struct StepCostTest : testing::Test {
  StepFlops flops() const { return step_flops(config, options, load); }

  ClipConfig config;  // ViT-B/16
  TrainOptions options;
  StepLoad load{.ranks = 1, .images = 1, .tokens_per_image = 197, .texts = {}};
};

TEST_F(StepCostTest, TowersCostWhatIsPublished) {
  // The published cost of ViT-B/16 at 224 pixels is 17.58 G multiply-additions per image. Without
  // local alignment no patch is asked for, which saves most of the last block.
  EXPECT_NEAR(flops().image_tower / 3 / 2, 17.58e9, 0.01 * 17.58e9);
  options.objective.local_alignment = false;
  const double last_image_block = 196.0 * (768.0 * 768 * 2 + 2 * 768.0 * 3072 + 2 * 197 * 768);
  EXPECT_NEAR(flops().image_tower / 3 / 2 + last_image_block, 17.58e9, 0.01 * 17.58e9);
  // It is 2.98 G for a text of 77 tokens, but our last block computes only one of them.
  load.texts = {.texts = 1, .rows = 77, .positions = 77};
  const double last_block_elsewhere = 76.0 * (512.0 * 512 * 2 + 2 * 512.0 * 2048 + 2 * 77 * 512);
  EXPECT_NEAR(flops().text_tower / 3 / 2 + last_block_elsewhere, 2.98e9, 0.01 * 2.98e9);
}

TEST_F(StepCostTest, BertCostsItsDistinctTokens) {
  config.text = {.context_length = 256, .vocab_size = 30522, .width = 768, .heads = 12};
  config.text.bert = BertConfig{};
  // Eleven captions that fill all 256 tokens cost 506 GFLOP forward, four of 30 tokens about 21.
  load.texts = {.texts = 11, .rows = 11 * 256, .positions = 11 * 256};
  EXPECT_NEAR(flops().text_tower / 3, 506e9, 0.01 * 506e9);
  load.texts = {.texts = 4, .rows = 4 * 30, .positions = 4 * 30};
  EXPECT_NEAR(flops().text_tower / 3, 20.6e9, 0.01 * 20.6e9);
  // Only the mean of all tokens needs all of the last block.
  config.text.bert->pooler = BertPooler::kClsLastHidden;
  EXPECT_LT(flops().text_tower / 3, 20.6e9 * 11.5 / 12);
}

// The mean of the patches' tokens needs all of them, from the last block too.
TEST_F(StepCostTest, PoolingPatchesCostsAWholeLastBlock) {
  const double with_patches = flops().image_tower;
  options.objective.local_alignment = false;
  EXPECT_LT(flops().image_tower, 0.95 * with_patches);
  config.vision.pooling = ImagePooling::kMeanOfPatches;
  EXPECT_NEAR(flops().image_tower, with_patches, 0.01 * with_patches);
}

TEST_F(StepCostTest, CountsWhatIsComputedAgain) {
  load.texts = assumed_texts(options.objective, 1);
  const StepFlops once = flops();
  options.accum = 2;
  EXPECT_NEAR(flops().image_tower / once.image_tower, 4.0 / 3, 0.01);
  EXPECT_NEAR(flops().text_tower / once.text_tower, 4.0 / 3, 0.01);
  options.accum = 1;
  options.model.checkpointed_image_blocks = 6;
  EXPECT_NEAR(flops().image_tower / once.image_tower, 3.5 / 3, 0.01);
  options.model.checkpointed_image_blocks = kAllBlocks;
  EXPECT_NEAR(flops().image_tower / once.image_tower, 4.0 / 3, 0.01);
  EXPECT_EQ(flops().text_tower, once.text_tower);
}

TEST_F(StepCostTest, LockedBlocksHaveNoBackwardPass) {
  load.texts = assumed_texts(options.objective, 1);
  const StepFlops once = flops();
  const auto shares = [&](const TowerLock& lock, int64_t accum = 1, int64_t checkpointed = 0) {
    options.model.lock_image = options.model.lock_text = lock;
    options.accum = accum;
    options.model.checkpointed_image_blocks = checkpointed;
    return std::pair(flops().image_tower / once.image_tower, flops().text_tower / once.text_tower);
  };
  EXPECT_NEAR(shares({LockedPart::kFirst, 6}).first, 2.0 / 3, 0.01);
  EXPECT_NEAR(shares({LockedPart::kFirst, 6}).second, 2.0 / 3, 0.03);  // its last block costs less
  EXPECT_NEAR(shares({LockedPart::kFirst, 6}, 2).first, 1, 0.01);
  EXPECT_NEAR(shares({LockedPart::kFirst, 6}, 1, 8).first, 2.0 / 3 + 2.0 / 36, 0.01);
  EXPECT_NEAR(shares({LockedPart::kFirst, 6}, 1, 6).first, 2.0 / 3, 0.01);
  EXPECT_NEAR(shares({LockedPart::kAll}).first, 1.0 / 3, 1e-9);
  EXPECT_NEAR(shares({LockedPart::kAll}).second, 1.0 / 3, 1e-9);
  // Nothing needs it a second time.
  EXPECT_NEAR(shares({LockedPart::kAll}, 2).first, 1.0 / 3, 1e-9);
  // The gradients of texts need the patches.
  options.model.lock_text = {};
  EXPECT_NEAR(flops().image_tower / once.image_tower, 2.0 / 3, 0.01);
}

TEST_F(StepCostTest, ObjectiveCostsTheProductsOfItsTiles) {
  constexpr double kImages = 64, kTexts = 200, kRanks = 4;
  load.images = static_cast<int64_t>(kImages);
  load.texts.texts = kTexts;
  // One rank forms global and local logits twice each, and two gradients of each.
  const double tile = 2 * kImages * kTexts * 512;
  EXPECT_EQ(flops().objective, 8 * tile);
  load.ranks = static_cast<int64_t>(kRanks);
  // A rank forms the logits of its images with all texts and of all images with its texts; one tile
  // belongs to both. Local logits have log-sum-exps of rows only.
  const double logits = 2 * kRanks - 1, rows_and_columns = 2 * kRanks;
  EXPECT_EQ(flops().objective, (3 * logits + kRanks + 2 * rows_and_columns) * tile);
  options.objective.local_alignment = false;
  EXPECT_EQ(flops().objective, (2 * logits + rows_and_columns) * tile);
}

TEST_F(StepCostTest, ObjectivesCostPerImageGrowsWithTheGlobalBatch) {
  load.images = 64;
  load.texts = assumed_texts(options.objective, 64);
  const double one = flops().objective;
  load.ranks = 1000;
  // With one rank, that tile is the whole matrix, so it is formed only once.
  EXPECT_GT(flops().objective, 1000 * one);
  EXPECT_LT(flops().objective, 2000 * one);
}

TEST_F(StepCostTest, OneRankSendsNothing) {
  EXPECT_TRUE(step_collectives(config, options, load).empty());
}

}  // namespace
}  // namespace dermatome
