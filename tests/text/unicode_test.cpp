#include "src/text/unicode.h"

#include <gtest/gtest.h>

namespace dermatome {
namespace {

TEST(Utf8, RoundTripsEveryCodePoint) {
  std::u32string all;
  for (char32_t c = 0; c <= 0x10ffff; ++c) {
    if (c < 0xd800 || c > 0xdfff) all.push_back(c);
  }
  EXPECT_TRUE(decode_utf8(encode_utf8(all)) == all);
}

TEST(Utf8, ReplacesEveryMaximalPartOfAnIllFormedSequence) {
  EXPECT_EQ(decode_utf8("a\xff"
                        "b\xe2\x82"
                        "c\xed\xa0\x80"),
            U"a\ufffdb\ufffdc\ufffd\ufffd\ufffd");
}

TEST(Utf8, FindsTheFirstIllFormedSequence) {
  for (const char* text : {"", "na\u00efve \u2265 \U0001f600"}) {
    EXPECT_EQ(well_formed_length(text), std::string_view(text).size());
  }
  EXPECT_EQ(well_formed_length("na\xefve"), 2);
  EXPECT_EQ(well_formed_length("\u2265\xed\xa0\x80"), 3);
  EXPECT_EQ(well_formed_length("ab\xe2\x89"), 2);
}

TEST(Lower, KnowsSpecialCases) {
  EXPECT_EQ(lower(U"ABC \u00c9"), U"abc \u00e9");
  EXPECT_EQ(lower(U"\u039f\u0394\u039f\u03a3 \u03a3"), U"\u03bf\u03b4\u03bf\u03c2 \u03c3");
  EXPECT_EQ(lower(U"\u0130"), U"i\u0307");
}

TEST(Decompose, LeavesWhatCameAfterUnicode9) {
  EXPECT_EQ(decompose(U"\u1ec7\uac01"), U"e\u0323\u0302\u1100\u1161\u11a8");
  EXPECT_EQ(decompose(U"\U00011938"), U"\U00011938") << "decomposes since Unicode 13";
  EXPECT_EQ(decompose(U"a\u0301\u0323"), U"a\u0323\u0301");
  EXPECT_EQ(decompose(U"a\U0001e944\u0323"), U"a\u0323\U0001e944") << "of Unicode 9";
  EXPECT_EQ(decompose(U"a\u1df6\u0323"), U"a\u1df6\u0323") << "of Unicode 10: not moved";
}

TEST(CollapseSpaces, KnowsEverySpaceOfPython) {
  EXPECT_EQ(collapse_spaces(U"\t a\x1c\x1f"
                            U"b\u0085\u00a0\u2028\u3000c\n"),
            U"a b c");
  EXPECT_EQ(collapse_spaces(U"a\u200bb"), U"a\u200bb");
}

}  // namespace
}  // namespace dermatome
