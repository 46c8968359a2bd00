#include "src/text/ftfy/damaged_utf8.h"

#include <gtest/gtest.h>

namespace dermatome {
namespace {

TEST(RestoreNoBreakBytes, RestoresOnlyLikelySequences) {
  EXPECT_EQ(restore_no_break_bytes("\xc2 x"), "\xc2\xa0x");
  EXPECT_EQ(restore_no_break_bytes("\xe2 \x94 \xe3\x81 "), "\xe2\xa0\x94 \xe3\x81\xa0");
  EXPECT_EQ(restore_no_break_bytes("\xf0\x9f \xa9"), "\xf0\x9f\xa0\xa9");
  for (const char* bytes : {"\xc4 x", "\xe0 \x94", "\xe2 \x85", "\xe4\x81 ", "\xf0  \xa9"}) {
    EXPECT_EQ(restore_no_break_bytes(bytes), bytes);
  }
}

TEST(RestoreNoBreakBytes, KeepsTheSpaceAfterAGrave) {
  EXPECT_EQ(restore_no_break_bytes("\xc3 la"), "\xc3\xa0 la");
  EXPECT_EQ(restore_no_break_bytes("\xc3 quele"), "\xc3\xa0quele");
}

TEST(ReplaceLostSequences, ReplacesAWholeSequence) {
  EXPECT_EQ(replace_lost_sequences("a\xe2\x80\x1a"
                                   "b"),
            "a\ufffdb");
  EXPECT_EQ(replace_lost_sequences("\xc3?\xf0\x9f?\xa9\x1a"), "\ufffd\ufffd\ufffd");
  EXPECT_EQ(replace_lost_sequences("\xed\xa0?\xed\xb0?"), "\ufffd");
}

TEST(ReplaceLostSequences, LeavesSequencesWithoutLossAlone) {
  for (const char* bytes : {"why?", "\xc4?", "\xe2\x80\x94", "\xe2??"}) {
    EXPECT_EQ(replace_lost_sequences(bytes), bytes);
  }
}

TEST(DecodeUtf8Variants, ReadsSurrogatePairsAndLongNulls) {
  EXPECT_EQ(decode_utf8_variants("\xed\xa0\xbd\xed\xb8\x80"), U"\U0001f600");
  EXPECT_EQ(decode_utf8_variants("a\xc0\x80"
                                 "b"),
            std::u32string(U"a\0b", 3));
  EXPECT_EQ(decode_utf8_variants("\xf0\x9f\x98\x80"), U"\U0001f600");
}

TEST(DecodeUtf8Variants, RefusesIllFormedBytes) {
  for (const char* bytes :
       {"\xff", "\xc3", "\xc0\xaf", "\xed\xa0\xbd", "\xed\xb8\x80", "\xe2\x80"}) {
    EXPECT_EQ(decode_utf8_variants(bytes), std::nullopt);
  }
}

}  // namespace
}  // namespace dermatome
