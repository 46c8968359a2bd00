#include "src/train/loader_setup.h"

#include <gtest/gtest.h>

#include "src/config/train_options.h"
#include "src/distributed/single_process.h"
#include "tests/support/thread_ranks.h"

namespace dermatome {
namespace {

struct LoaderSetupTest : testing::Test {
  LoaderSetupTest() { options.batch_size = 12; }
  LoaderOptions setup(bool training) const {
    return loader_options(options, model, *collectives, training);
  }

  TrainOptions options;
  ClipConfig config = [] {
    ClipConfig tiny;
    tiny.embed_dim = 8;
    tiny.vision = {.image_size = 64, .patch_size = 16, .width = 8, .layers = 1, .head_width = 8};
    tiny.text = {.context_length = 77, .vocab_size = 10, .width = 8, .heads = 1, .layers = 1};
    return tiny;
  }();
  Clip model{config, c10::kCPU};
  std::unique_ptr<Collectives> collectives = make_single_process_collectives();
};

TEST_F(LoaderSetupTest, RanksShareABatchInTheirOrder) {
  for (const int world : {1, 3, 4}) {
    run_ranks(world, [&](Collectives& group) {
      const LoaderOptions loader = loader_options(options, model, group, /*training=*/true);
      EXPECT_EQ(loader.global_batch, 12);
      EXPECT_EQ(loader.count, 12 / world);
      EXPECT_EQ(loader.first, group.rank() * 12 / world);
    });
  }
}

TEST_F(LoaderSetupTest, PatchesAreDroppedOnlyInTraining) {
  EXPECT_EQ(setup(/*training=*/true).kept_patches, 0);
  options.model.patch_dropout = 0.5;
  EXPECT_EQ(setup(/*training=*/true).num_patches, 16);
  EXPECT_EQ(setup(/*training=*/true).kept_patches, 8);
  EXPECT_EQ(setup(/*training=*/false).kept_patches, 0);
}

TEST_F(LoaderSetupTest, TextsAreThoseThatTheObjectiveUses) {
  EXPECT_FALSE(setup(true).texts.only_raw_caption);
  EXPECT_FALSE(setup(true).texts.texts_for_missing);
  options.objective.negatives = Negatives::kAll;
  EXPECT_TRUE(setup(true).texts.texts_for_missing);
  options.objective.mkcl = false;
  EXPECT_FALSE(setup(true).texts.only_raw_caption);
  options.objective.local_alignment = false;
  EXPECT_TRUE(setup(true).texts.only_raw_caption);
}

}  // namespace
}  // namespace dermatome
