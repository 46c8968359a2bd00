#include "src/text/pieces.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dermatome {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(SplitPieces, SeparatesLettersDigitsAndTheRest) {
  EXPECT_THAT(split_pieces(U"scc (3.5mm)!"),
              ElementsAre(U"scc", U"(", U"3", U".", U"5", U"mm", U")!"));
}

TEST(SplitPieces, KeepsContractions) {
  EXPECT_THAT(split_pieces(U"it's they'll i'd"),
              ElementsAre(U"it", U"'s", U"they", U"'ll", U"i", U"'d"));
  EXPECT_THAT(split_pieces(U"o'neil''s"), ElementsAre(U"o", U"'", U"neil", U"''", U"s"));
  EXPECT_THAT(split_pieces(U"'\u017f"), ElementsAre(U"'\u017f"));
}

TEST(SplitPieces, KeepsSpecialTokensUnlessPunctuationPrecedes) {
  EXPECT_THAT(split_pieces(U"a<end_of_text>b"), ElementsAre(U"a", U"<end_of_text>", U"b"));
  EXPECT_THAT(split_pieces(U"!<end_of_text>"),
              ElementsAre(U"!<", U"end", U"_", U"of", U"_", U"text", U">"));
}

TEST(SplitPieces, DropsSpacesAndTheIotaSubscript) {
  EXPECT_THAT(split_pieces(U" \u0345 "), IsEmpty());
  EXPECT_THAT(split_pieces(U"-\u0345-"), ElementsAre(U"-", U"-"));
}

}  // namespace
}  // namespace dermatome
