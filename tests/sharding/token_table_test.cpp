#include "sharding/token_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/core/error.h"
#include "tests/support/toy_tokenizer.h"

namespace dermatome {
namespace {

using testing::ElementsAre;

TEST(TokenTable, HoldsTheIdsOfEachText) {
  const ToyTokenizer toy;
  const TokenTable table = tokenize({"", "a", "abc"}, toy, 4, 2);
  ASSERT_EQ(table.size(), 3);
  EXPECT_THAT(table[0], ElementsAre(1, 2));
  EXPECT_THAT(table[1], ElementsAre(1, 'a' + 3, 2));
  EXPECT_THAT(table[2], ElementsAre(1, 'a' + 3, 'b' + 3, 2));
  EXPECT_EQ(tokenize({}, toy, 4, 2).size(), 0);
}

TEST(TokenTable, IsCutAsItsTokenizerCuts) {
  const ToyTokenizer toy;
  const std::vector<std::string_view> texts = {"", "a", "abc", "abcdef"};
  const TokenTable whole = tokenize(texts, toy, 100, 1);
  for (const int64_t context_length : {100, 5, 3, 2, 1}) {
    EXPECT_EQ(cut_texts(whole, context_length), tokenize(texts, toy, context_length, 1))
        << context_length;
  }
}

TEST(TokenTable, RefusesAVocabularyOfMoreIdsThanItHolds) {
  EXPECT_THROW(tokenize({"a"}, ToyTokenizer("large", 65'537), 4, 1), ConfigError);
  EXPECT_EQ(tokenize({"a"}, ToyTokenizer("most", 65'536), 4, 1).size(), 1);
}

}  // namespace
}  // namespace dermatome
