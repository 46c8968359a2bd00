#include "src/text/word_piece/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dermatome {
namespace {

using ::testing::ElementsAre;

TEST(BertWords, AreSplitAtSpacesAndPunctuation) {
  EXPECT_THAT(split_words(U" a red\t(2-mm) \u00a0patch...\n"),
              ElementsAre(U"a", U"red", U"(", U"2", U"-", U"mm", U")", U"patch", U".", U".", U"."));
  EXPECT_THAT(split_words(U""), ElementsAre());
  EXPECT_THAT(split_words(U" \u3000"), ElementsAre());
  EXPECT_THAT(split_words(U"a"), ElementsAre(U"a"));
}

TEST(BertWords, AreCleanedAsTheRulesSay) {
  const std::string given = "\u00c9t\u00e9 \xff\u76ae\u819a\u200b!";
  EXPECT_EQ(clean_for_bert(given, {}), U"ete  \u76ae  \u819a !");
  EXPECT_EQ(clean_for_bert(given, {.lower_case = true, .strip_accents = false}),
            U"\u00e9t\u00e9  \u76ae  \u819a !");
  EXPECT_EQ(clean_for_bert(given, {.lower_case = false, .strip_accents = true}),
            U"Ete  \u76ae  \u819a !");
  EXPECT_EQ(clean_for_bert(given, {.split_ideographs = false}), U"ete \u76ae\u819a!");
}

}  // namespace
}  // namespace dermatome
