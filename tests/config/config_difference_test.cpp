#include "src/config/config_difference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/config/train_options.h"

namespace dermatome {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> texts(const TrainOptions& before, const TrainOptions& after) {
  std::vector<std::string> texts;
  for (const auto& difference : config_differences(before, after)) {
    texts.push_back(difference_text(difference));
  }
  return texts;
}

TEST(ConfigDifference, EqualConfigurationsDifferInNothing) {
  EXPECT_THAT(config_differences({}, {}), IsEmpty());
}

TEST(ConfigDifference, NamesKeysWithBothValuesInTheOrderOfTheConfiguration) {
  TrainOptions after;
  after.optimizer.lr = 1e-4;
  after.batch_size = 128;
  after.data.train = {"a", "b"};
  after.objective.name = ObjectiveName::kClip;
  EXPECT_THAT(texts({}, after),
              ElementsAre("batch_size: 64 -> 128", "data.train: \"\" -> [\"a\", \"b\"]",
                          "objective.name: auto -> clip", "optimizer.lr: 5.0e-04 -> 1.0e-04"));
  EXPECT_THAT(texts(after, {}), testing::Contains("batch_size: 128 -> 64"));
  EXPECT_EQ(differences_text(config_differences(after, {})).substr(0, 43),
            "batch_size: 128 -> 64, data.train: [\"a\", \"b");
  EXPECT_EQ(differences_text({}), "");
}

// objective.name and data.weights belong to the digest of some configurations only.
TEST(ConfigDifference, SaysWhetherAKeyDefinesTheResult) {
  TrainOptions one, other;
  one.runtime.threads = 3;
  one.seed = 1;
  other.objective.name = ObjectiveName::kMake;
  other.data.sampling = Sampling::kResampled;
  other.data.weights = {1};
  for (const auto& [before, after] : {std::pair{one, other}, std::pair{other, one}}) {
    for (const auto& difference : config_differences(before, after)) {
      EXPECT_EQ(difference.defines_result, difference.key != "runtime.threads") << difference.key;
    }
    EXPECT_EQ(config_differences(before, after).size(), 5u);
  }
}

}  // namespace
}  // namespace dermatome
