#include "src/text/csv_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/error_of.h"

namespace dermatome {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

CsvRow only_row(std::string_view content) {
  CsvReader reader(content, "t.csv");
  CsvRow row;
  EXPECT_TRUE(reader.next(row));
  CsvRow more;
  EXPECT_FALSE(reader.next(more));
  return row;
}

std::string error_in(std::string_view content) {
  return error_of([&] {
    CsvReader reader(content, "t.csv");
    for (CsvRow row; reader.next(row);) continue;
  });
}

TEST(CsvReader, ReadsPlainAndQuotedFields) {
  EXPECT_THAT(only_row("a,b,c\n1,\"2, \"\"two\"\"\",3\n").fields,
              ElementsAre("1", "2, \"two\"", "3"));
  EXPECT_THAT(only_row("a,b,c\n,\"\",x").fields, ElementsAre("", "", "x"));
  EXPECT_THAT(only_row("a,b\n5\" nodule,b\n").fields, ElementsAre("5\" nodule", "b"));
  EXPECT_THAT(only_row("a,b\n1,\n").fields, ElementsAre("1", ""));
}

TEST(CsvReader, AnotherSeparatorLeavesCommasAlone) {
  CsvReader reader("a\tb\n1, 2\t\"x\ty\"\n3\t\n4,5\n", "t.tsv", '\t');
  EXPECT_THAT(reader.columns(), ElementsAre("a", "b"));
  CsvRow row;
  ASSERT_TRUE(reader.next(row));
  EXPECT_THAT(row.fields, ElementsAre("1, 2", "x\ty"));
  ASSERT_TRUE(reader.next(row));
  EXPECT_THAT(row.fields, ElementsAre("3", ""));
  EXPECT_THAT(error_of([&] { reader.next(row); }), HasSubstr("line 4: 1 fields"));
}

TEST(CsvReader, TheFirstLineTellsTheSeparator) {
  EXPECT_EQ(find_separator("a,b\tc;d\n1;2\n"), ',');
  EXPECT_EQ(find_separator("a\tb;c\n1,2\t3\n"), '\t');
  EXPECT_EQ(find_separator("a;b\r\n1,2;3\n"), ';');
  EXPECT_EQ(find_separator("a\n1\t2\n"), ',');
  EXPECT_EQ(find_separator(""), ',');
}

TEST(CsvReader, AcceptsByteOrderMarkAndCrLf) {
  const std::string content =
      "\xEF\xBB\xBF"
      "a,b\r\n1,\"2\"\r\n";
  CsvReader reader(content, "t.csv");
  EXPECT_THAT(reader.columns(), ElementsAre("a", "b"));
  CsvRow row;
  ASSERT_TRUE(reader.next(row));
  EXPECT_THAT(row.fields, ElementsAre("1", "2"));
}

TEST(CsvReader, KeepsLineBreaksInQuotesAndCountsLines) {
  CsvReader reader("a,b\n1,\"x\ny\r\nz\"\n\n\r\n2,w\n", "t.csv");
  CsvRow row;
  ASSERT_TRUE(reader.next(row));
  EXPECT_EQ(row.line, 2);
  EXPECT_THAT(row.fields, ElementsAre("1", "x\ny\r\nz"));
  ASSERT_TRUE(reader.next(row));
  EXPECT_EQ(row.line, 7);
  EXPECT_THAT(row.fields, ElementsAre("2", "w"));
  EXPECT_FALSE(reader.next(row));
}

TEST(CsvReader, NamesFileAndLineOfAnError) {
  EXPECT_THAT(error_in("a,b\n1,2\n3\n"),
              AllOf(HasSubstr("t.csv line 3"), HasSubstr("1 fields"), HasSubstr("in quotes")));
  EXPECT_THAT(error_in("a,b\n1,2,3\n"), HasSubstr("line 2: 3 fields"));
  EXPECT_THAT(error_in("a,b\n1,2\n\n3,\"4\n5\n"), HasSubstr("line 4: the quote"));
  EXPECT_THAT(error_in("a,b\n\"1\"x,2\n"),
              AllOf(HasSubstr("line 2: text behind"), HasSubstr("double")));
  EXPECT_THAT(error_in("a,b,a\n"), HasSubstr("'a' occurs twice"));
  EXPECT_THAT(error_in(""), HasSubstr("t.csv is empty"));
  EXPECT_THAT(error_in(std::string_view("\xFF\xFE"
                                        "a\0",
                                        4)),
              HasSubstr("UTF-16"));
  EXPECT_THAT(error_in("a,b\n1,na\u00efve\n2,\"na\xefve\"\n"),
              AllOf(HasSubstr("t.csv line 3: byte 0xEF is not UTF-8"), HasSubstr("save it as")));
}

TEST(CsvReader, MissingColumnIsNamedWithTheExistingColumns) {
  const CsvReader reader("a,b\n", "t.csv");
  EXPECT_EQ(reader.column("b"), 1);
  EXPECT_THAT(error_of([&] { reader.column("c"); }),
              AllOf(HasSubstr("t.csv has no column 'c'"), HasSubstr("a, b")));
}

}  // namespace
}  // namespace dermatome
