#include "src/text/ftfy/html_entities.h"

#include <gtest/gtest.h>

namespace dermatome {
namespace {

TEST(UnescapeHtml, ReadsNamesWithAndWithoutSemicolon) {
  EXPECT_EQ(unescape_html(U"&lt;b&gt; &amp caf&eacute;"), U"<b> & caf\u00e9");
  EXPECT_EQ(unescape_html(U"&nvge;"), U"\u2265\u20d2");
}

TEST(UnescapeHtml, TakesTheLongestKnownPrefixOfAName) {
  EXPECT_EQ(unescape_html(U"&notin;"), U"\u2209");
  EXPECT_EQ(unescape_html(U"&notit;"), U"\u00acit;");
  EXPECT_EQ(unescape_html(U"&ampamp;"), U"&amp;");
  EXPECT_EQ(unescape_html(U"&copyright"), U"\u00a9right");
}

TEST(UnescapeHtml, LeavesOtherTextAlone) {
  for (const char32_t* text :
       {U"&", U"&&", U"&;", U"&#;", U"&#x;", U"&unknown;", U"a & b", U"&<amp"}) {
    EXPECT_EQ(unescape_html(text), text);
  }
}

TEST(UnescapeHtml, ReadsNumbers) {
  EXPECT_EQ(unescape_html(U"&#65;&#x42;&#X43 &#68"), U"ABC D");
  EXPECT_EQ(unescape_html(U"&#128512;"), U"\U0001f600");
}

TEST(UnescapeHtml, ReplacesNumbersThatNameNoCharacter) {
  EXPECT_EQ(unescape_html(U"&#0;&#xd800;&#1114112;&#99999999999999999999;"),
            U"\ufffd\ufffd\ufffd\ufffd");
  EXPECT_EQ(unescape_html(U"&#128;&#x9f;"), U"\u20ac\u0178");
  EXPECT_EQ(unescape_html(U"[&#1;&#11;&#127;&#xfdd0;&#x1ffff;]"), U"[]");
}

TEST(UnescapeHtml, DoesNotUnescapeItsOwnResult) { EXPECT_EQ(unescape_html(U"&amp;lt;"), U"&lt;"); }

TEST(UnescapeClosedHtml, NeedsTheSemicolonAndAKnownName) {
  EXPECT_EQ(unescape_closed_html(U"&lt; &lt &notit; &#65; &#65"), U"< &lt &notit; A &#65");
}

TEST(UnescapeClosedHtml, KnowsLowerCaseNamesInUpperCase) {
  EXPECT_EQ(unescape_closed_html(U"P&EACUTE;REZ STRA&SZLIG;E &nTILDE;"),
            U"P\u00c9REZ STRASSE &nTILDE;");
  EXPECT_EQ(unescape_html(U"&EACUTE;"), U"&EACUTE;");
}

TEST(UnescapeClosedHtml, KeepsAReferenceToASemicolon) {
  EXPECT_EQ(unescape_closed_html(U"&#59; &semi;"), U"&#59; ;");
}

}  // namespace
}  // namespace dermatome
