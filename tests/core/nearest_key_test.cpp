#include "src/core/nearest_key.h"

#include <gtest/gtest.h>

namespace dermatome {
namespace {

TEST(NearestKey, IsTheSameNameInAnotherSectionOrNeedsTheFewestEdits) {
  const std::vector<std::string> known = {"seed", "objective.sigma", "optimizer.lr", "optimizer"};
  EXPECT_EQ(nearest_key("objective.sigm", known), "objective.sigma");
  EXPECT_EQ(nearest_key("lr", known), "optimizer.lr");
  EXPECT_EQ(nearest_key("optimzer", known), "optimizer");
  EXPECT_EQ(nearest_key("sede", known), "seed");
}

TEST(NearestKey, IsNoneIfNoneIsNear) {
  EXPECT_EQ(nearest_key("nonsense", {"name", "optimizer.lr"}), "");
  EXPECT_EQ(nearest_key("section.nonsense", {"section.name"}), "");
  EXPECT_EQ(nearest_key("seed", {}), "");
  EXPECT_EQ(unknown_key("nonsense", "3", {"name"}), "unknown key 'nonsense' with value 3");
}

TEST(NearestKey, IsNamedWithTheUnknownKey) {
  EXPECT_EQ(unknown_key("sede", "3", {"seed", "size"}),
            "unknown key 'sede' with value 3; the nearest known key is 'seed'");
  EXPECT_EQ(unknown_key("sede", "3", {}), "unknown key 'sede' with value 3");
}

TEST(NearWord, IsAMisspellingOrTheOnlyWordThatBeginsSo) {
  const std::vector<std::string> known = {"train", "tokenize", "evaluate", "encode", "plan"};
  EXPECT_EQ(near_word("trian", known), "train");
  EXPECT_EQ(near_word("eval", known), "evaluate");  // though `plan` has fewer letters to change
  EXPECT_EQ(near_word("tokenzie", known), "tokenize");
  EXPECT_EQ(near_word("plan", {"planned", "plan"}), "plan");
  EXPECT_EQ(near_word("e", known), "");
  EXPECT_EQ(near_word("zebra", known), "");
}

}  // namespace
}  // namespace dermatome
