#include "src/text/word_piece/characters.h"

#include <gtest/gtest.h>

#include <string_view>

namespace dermatome {
namespace {

TEST(BertCharacters, RemoveControlsButNotLineBreaks) {
  for (const char32_t c :
       std::u32string_view(U"\u0001\u000b\u001c\u007f\u0085\u00ad\u200b\u200e\ue000\ufeff\ufffd")) {
    EXPECT_TRUE(is_bert_control(c)) << static_cast<uint32_t>(c);
  }
  EXPECT_TRUE(is_bert_control(0));
  for (const char32_t c : {U'\t', U'\n', U'\r', U' ', U'a', U'\u00a0', U'\u0301', U'\uffff'}) {
    EXPECT_FALSE(is_bert_control(c)) << static_cast<uint32_t>(c);
  }
}

TEST(BertCharacters, TakeEveryAsciiSymbolForPunctuation) {
  for (const char32_t c : {U'!', U'$', U'+', U'<', U'^', U'`', U'|', U'~', U'\u2014', U'\u3002'}) {
    EXPECT_TRUE(is_bert_punctuation(c)) << static_cast<uint32_t>(c);
  }
  for (const char32_t c : {U' ', U'0', U'a', U'\u007f', U'\u00b1', U'\u20ac', U'\u00a9'}) {
    EXPECT_FALSE(is_bert_punctuation(c)) << static_cast<uint32_t>(c);
  }
}

TEST(BertCharacters, HaveTheCategoriesOfUnicode8) {
  EXPECT_TRUE(is_bert_punctuation(U'\u166d')) << "a symbol since Unicode 12";
  EXPECT_TRUE(is_bert_punctuation(U'\U000111c9')) << "a mark since Unicode 11";
  EXPECT_FALSE(is_bert_punctuation(U'\u2e43')) << "assigned in Unicode 9";
  EXPECT_FALSE(is_bert_control(U'\u08e2')) << "assigned in Unicode 9";
  EXPECT_EQ(without_accents(U"a\u1734"), U"a") << "a spacing mark since Unicode 14";
  for (const char32_t* kept : {U"\u1885", U"\ua9bd", U"\U000111c9", U"\u1dfb", U"\U0001e000"}) {
    EXPECT_EQ(without_accents(kept), kept);
  }
}

TEST(BertCharacters, KnowIdeographsByTheirBlocks) {
  for (const char32_t c :
       std::u32string_view(U"\u3400\u4dbf\u4e00\u9fff\uf900\ufaff\U00020000\U0002b920\U0002fa1f")) {
    EXPECT_TRUE(is_ideograph(c)) << static_cast<uint32_t>(c);
  }
  for (const char32_t c :
       std::u32string_view(U"a\u3042\u30a2\u4dc0\ua000\uac00\U0002a6e0\U0002b820\U0002b91f")) {
    EXPECT_FALSE(is_ideograph(c)) << static_cast<uint32_t>(c);
  }
}

TEST(BertCharacters, LoseAccentsAfterTheirDecomposition) {
  EXPECT_EQ(without_accents(U"K\u00f6bner \u1ec7 e\u0301 \u212b"), U"Kobner e e A");
  EXPECT_EQ(without_accents(U"\u00d8\u0142\u00df"), U"\u00d8\u0142\u00df");
  EXPECT_EQ(without_accents(U"\uac01").size(), 3u) << "a Korean syllable becomes its letters";
}

TEST(BertCharacters, AreLoweredOneByOne) {
  EXPECT_EQ(bert_lower(U"ABC \u00c9\u1e9e"), U"abc \u00e9\u00df");
  EXPECT_EQ(bert_lower(U"\u039f\u03a3"), U"\u03bf\u03c3") << "no final sigma";
  EXPECT_EQ(bert_lower(U"\u0130X"), U"i\u0307x");
}

}  // namespace
}  // namespace dermatome
