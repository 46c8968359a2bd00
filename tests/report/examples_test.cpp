#include "src/report/examples.h"

#include <gmock/gmock.h>

#include "tests/data/test_shards.h"

namespace dermatome {
namespace {

using testing::ElementsAre;

// In the test shards, record i has a raw caption unless i % 10 == 9, and if i is even it has one
// subcaption more.
TEST(ChosenRows, SpreadOverTheDataAndHaveTheMostSubcaptions) {
  const TestShards shards(40, 16);
  EXPECT_THAT(choose_rows(shards.dataset(), 4), ElementsAre(0, 10, 20, 30));
  // The parts are 0-12, 13-25 and 26-39; the first even record of each is chosen.
  EXPECT_THAT(choose_rows(shards.dataset(), 3), ElementsAre(0, 14, 26));
  EXPECT_THAT(choose_rows(shards.dataset(), 0), ElementsAre());
}

TEST(ChosenRows, HaveDistinctRawCaptionsWherePossible) {
  const TestShards shards(40, 16);
  const ShardedDataset twice({shards.directory(), shards.directory()});
  EXPECT_THAT(choose_rows(twice, 8), ElementsAre(0, 10, 20, 30, 42, 52, 62, 72));
}

TEST(ChosenRows, AreAllRecordsIfThereAreFewer) {
  const TestShards shards(3, 16);
  EXPECT_THAT(choose_rows(shards.dataset(), 100), ElementsAre(0, 1, 2));
}

TEST(Examples, HaveTheirValidCaptionsOnly) {
  const TestShards shards(20, 16);
  const auto examples = read_examples(shards.dataset(), {1, 5, 9, 17});
  ASSERT_EQ(examples.size(), 4u);
  EXPECT_EQ(examples[0].source, test_source(1));
  EXPECT_EQ(examples[0].image.pixels, test_image(1).pixels);
  EXPECT_TRUE(examples[0].has_raw_caption());
  EXPECT_EQ(examples[0].captions.size(), 4u);
  EXPECT_THAT(examples[0].subcaptions(), ElementsAre(3));
  // The visual-concept caption of record 5 exists but is not valid.
  EXPECT_EQ(examples[1].captions.size(), 3u);
  EXPECT_EQ(examples[1].captions[2].place, 3);
  EXPECT_EQ(examples[1].captions[2].text, test_caption(5, 3).text);
  EXPECT_FALSE(examples[2].has_raw_caption());
  EXPECT_EQ(examples[3].row, 17);
}

TEST(Examples, LeaveOutADamagedImage) {
  TestShards shards(8, 8);
  shards.damage(3);
  const auto examples = read_examples(shards.dataset(), {2, 3, 4});
  ASSERT_EQ(examples.size(), 2u);
  EXPECT_EQ(examples[0].row, 2);
  EXPECT_EQ(examples[1].row, 4);
}

}  // namespace
}  // namespace dermatome
