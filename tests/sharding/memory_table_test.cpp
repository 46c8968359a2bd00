#include "sharding/memory_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/error_of.h"

namespace dermatome {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(MemoryTable, KeysOfJsonLinesAreColumns) {
  MemoryTable table = read_json_table(
      "{\"a\": \"x\\ny\", \"n\": 45.0, \"list\": [1]}\n\n{\"b\": true, \"n\": 3, \"a\": null}",
      "t.jsonl");
  EXPECT_THAT(table.columns(), ElementsAre("a", "n", "b"));
  CsvRow row;
  ASSERT_TRUE(table.next(row));
  EXPECT_THAT(row.fields, ElementsAre("x\ny", "45.0", ""));
  EXPECT_EQ(table.where(row), "t.jsonl line 1");
  ASSERT_TRUE(table.next(row));
  EXPECT_THAT(row.fields, ElementsAre("", "3", "true"));
  EXPECT_EQ(table.where(row), "t.jsonl line 3");
  EXPECT_FALSE(table.next(row));
}

TEST(MemoryTable, RefusesLinesThatAreNoObjects) {
  for (const char* bad : {"{\"a\": 1}\n[1]\n", "{}\n{\"a\": \n", "{}\n{\"a\": \"\xFF\"}\n"}) {
    EXPECT_THAT(error_of([&] { read_json_table(bad, "t.jsonl"); }), HasSubstr("t.jsonl line 2"));
  }
}

}  // namespace
}  // namespace dermatome
