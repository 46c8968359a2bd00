#include "src/text/ftfy/repair.h"

#include <gtest/gtest.h>

#include <string>

#include "src/text/ftfy/code_pages.h"
#include "src/text/unicode.h"

namespace dermatome {
namespace {

// The UTF-8 bytes of `text`, misread in `page`.
std::u32string misread(std::u32string_view text, const CodePage& page) {
  std::u32string result;
  for (const char byte : encode_utf8(text))
    result.push_back(page.decode(static_cast<uint8_t>(byte)));
  return result;
}

const CodePage& latin_1() { return code_pages()[0]; }
const CodePage& windows_1252() { return code_pages()[1]; }

TEST(RepairText, LeavesGoodTextAlone) {
  for (const char32_t* text :
       {U"", U"A red, scaly plaque (5 mm) on the \"left\" arm.",
        U"Sj\u00f6gren, Beh\u00e7et, caf\u00e9", U"\u043a\u043e\u0436\u0430", U"\u76ae\u819a",
        U"37 \u00b0C \u00b1 0.5", U"\u00c5 is a letter", U"\u20ac20 \u00a9 \u00ab x \u00bb"}) {
    EXPECT_EQ(repair_text(text), text);
  }
}

TEST(RepairText, ReadsMisreadUtf8AgainInEveryPage) {
  const std::u32string text = U"na\u00efve \u2013 caf\u00e9 \u2265 5 \u2122";
  for (const CodePage& page : code_pages()) {
    EXPECT_EQ(repair_text(misread(text, page)), text) << page.name();
  }
}

TEST(RepairText, ReadsTextAgainThatWasMisreadRepeatedly) {
  const std::u32string text = U"M\u00e9ni\u00e8re \u2014 se\u00f1or";
  EXPECT_EQ(repair_text(misread(misread(misread(text, windows_1252()), latin_1()), windows_1252())),
            text);
}

TEST(RepairText, ReadsMisreadPartsAgain) {
  EXPECT_EQ(repair_text(U"\u76ae\u819a " + misread(U"\u2265", windows_1252())),
            U"\u76ae\u819a \u2265");
}

TEST(RepairText, RestoresNoBreakSpacesInMisreadText) {
  EXPECT_EQ(repair_text(U"voil\u00c3 le travail"), U"voil\u00e0 le travail");
  EXPECT_EQ(repair_text(U"\u00c3 la carte"), U"\u00e0 la carte");
}

TEST(RepairText, MarksALostCharacter) {
  EXPECT_EQ(repair_text(U"\u00e2\u20ac\u0153quoted\u00e2\u20ac\ufffd"), U"\"quoted\ufffd");
}

TEST(RepairText, JoinsMisreadSurrogates) {
  EXPECT_EQ(repair_text(U"\u00ed\u00a0\u00bd\u00ed\u00b8\u0080"), U"\U0001f600");
}

TEST(RepairText, TakesC1ControlsForWindows1252) { EXPECT_EQ(repair_text(U"5\u0080"), U"5\u20ac"); }

TEST(RepairText, StopsUnescapingAtTheFirstLineWithMarkup) {
  EXPECT_EQ(repair_text(U"&lambda;\na < b &lambda;\n&lambda;"),
            U"\u03bb\na < b &lambda;\n&lambda;");
}

TEST(RepairText, ReplacesLigaturesWidthVariantsAndCurlyQuotes) {
  EXPECT_EQ(repair_text(U"\ufb01brosis \ufb02at \u01c5"), U"fibrosis flat D\u017e");
  EXPECT_EQ(repair_text(U"\uff26\uff35\uff2c\uff2c\u3000\uff76\uff9e"), U"FULL \u30ac");
  EXPECT_EQ(repair_text(U"\u2018a\u2019 \u201cb\u201d \u02bcc"), U"'a' \"b\" 'c");
}

TEST(RepairText, UnifiesLineBreaks) {
  EXPECT_EQ(repair_text(U"a\r\nb\rc\u2028d\u2029e"), U"a\nb\nc\nd\ne");
}

TEST(RepairText, RemovesControlsAndTerminalEscapes) {
  EXPECT_EQ(repair_text(U"\ufeffa\x07"
                        U"b\x1b[1;31mred\x1b[0m\ufffc\u206a\tc"),
            U"abred\tc");
}

TEST(RepairText, ComposesAccents) { EXPECT_EQ(repair_text(U"cafe\u0301"), U"caf\u00e9"); }

TEST(RepairText, ChangesNothingWhenRepeated) {
  for (const CodePage& page : code_pages()) {
    const std::u32string once =
        repair_text(misread(U"\u0436\u0438\u0437\u043d\u044c & \u00e9t\u00e9", page));
    EXPECT_EQ(repair_text(once), once) << page.name();
  }
}

}  // namespace
}  // namespace dermatome
