#include "src/text/word_piece/word_pieces.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dermatome {
namespace {

using ::testing::ElementsAre;

TEST(WordPieces, TakeTheLongestPieceFirst) {
  WordPieces pieces;
  int32_t id = 0;
  for (const char* piece : {"a", "ab", "##b", "##bc", "##c", "abcd", "\u00e9", "##\u00e9"}) {
    pieces.add(piece, id++);
  }
  std::vector<int32_t> ids = {99};
  EXPECT_TRUE(pieces.encode("abcd", ids));
  EXPECT_TRUE(pieces.encode("abc", ids));
  EXPECT_TRUE(pieces.encode("a\u00e9bb", ids));
  EXPECT_THAT(ids, ElementsAre(99, 5, 1, 4, 0, 7, 2, 2));
}

TEST(WordPieces, AppendNothingForAWordWithoutPieces) {
  WordPieces pieces;
  pieces.add("a", 0);
  pieces.add("##b", 1);
  std::vector<int32_t> ids = {99};
  for (const char* word : {"b", "ac", "abc", "aa", "\u00e9"}) {
    EXPECT_FALSE(pieces.encode(word, ids)) << word;
  }
  EXPECT_THAT(ids, ElementsAre(99));
}

}  // namespace
}  // namespace dermatome
