#include "sharding/caption_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/text/csv_reader.h"
#include "tests/support/error_of.h"

namespace dermatome {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Optional;

// What `given` makes of the first row of a table whose label is in column `label`, if it is there.
std::optional<std::string> filled(const std::string& given, const std::string& content) {
  CsvReader table(content, "t.csv");
  CaptionTemplate one(given);
  one.find_columns(table, table.find_column("label"));
  CsvRow row;
  EXPECT_TRUE(table.next(row));
  return one.fill(row);
}

TEST(CaptionTemplate, TakesLabelsAndColumns) {
  EXPECT_THAT(filled("a photo of a {}", "filename,label\na,naevus\n"),
              Optional(std::string("a photo of a naevus")));
  EXPECT_THAT(filled("{age}-year-old, {dx} ({age})", "age,dx\n45, eczema \n"),
              Optional(std::string("45-year-old, eczema (45)")));
  EXPECT_THAT(filled("{}", "label\nnaevus\n"), Optional(std::string("naevus")));
  EXPECT_THAT(filled("{{{}}}: {{}}", "label\nx\n"), Optional(std::string("{x}: {}")));
}

TEST(CaptionTemplate, WritesWholeNumbersWithoutThePointOfPandas) {
  const std::string table = "a,b,c\n45.0,v1.0,4.50\n";
  EXPECT_THAT(filled("{a} {b} {c}", table), Optional(std::string("45 v1.0 4.50")));
}

TEST(CaptionTemplate, IsLeftOutWhereACellIsMissing) {
  EXPECT_EQ(filled("{a} and {b}", "a,b\n1, \n"), std::nullopt);
  EXPECT_EQ(filled("{a} and {b}", "a,b\nnan,2\n"), std::nullopt);
}

TEST(CaptionTemplate, NamesItsColumnsOnce) {
  EXPECT_THAT(CaptionTemplate("{b} {} {a} {b}").names(), ElementsAre("b", "", "a"));
}

TEST(CaptionTemplate, RefusesWhatItCannotFill) {
  EXPECT_THAT(error_of([] { CaptionTemplate("a photo of skin"); }),
              AllOf(HasSubstr("'a photo of skin'"), HasSubstr("the same caption")));
  for (const char* bad : {"a {", "a {b", "a } {}", "{a{b}}"}) {
    EXPECT_THAT(error_of([&] { CaptionTemplate one(bad); }), HasSubstr("--template")) << bad;
  }
  EXPECT_THAT(error_of([] { filled("{agee}", "age,dx\n1,x\n"); }),
              AllOf(HasSubstr("t.csv has no column 'agee'"), HasSubstr("age, dx")));
  EXPECT_THAT(error_of([] { filled("a {}", "age,dx\n1,x\n"); }), HasSubstr("--label-column"));
}

}  // namespace
}  // namespace dermatome
