#include "src/config/field.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "src/config/field_reader.h"
#include "tests/config/config_error.h"

namespace dermatome {
namespace {

TEST(Field, RangesIncludeTheirClosedEndsOnly) {
  const Range range{.low = 0, .high = 1, .low_open = true};
  EXPECT_FALSE(range.contains(0));
  EXPECT_TRUE(range.contains(1));
  EXPECT_FALSE(range.contains(std::nextafter(1.0, 2.0)));
  EXPECT_EQ(range.describe(), "above 0 and at most 1");
  EXPECT_EQ(at_least(1).describe(), "at least 1");
}

TEST(Field, NumbersAreWrittenExactlyAndReadableAsYaml11) {
  double tenth = 0.1, small = 1e-6, third = 4.0 / 3;
  EXPECT_EQ(value_text(&tenth), "0.1");
  EXPECT_EQ(value_text(&small), "1.0e-06");
  EXPECT_EQ(std::stod(value_text(&third)), third);
}

TEST(Field, SaysWhatItAccepts) {
  bool truth = false;
  double number = 0;
  std::array<double, 2> numbers = {};
  enum class Color { kRed, kBlue } color = Color::kRed;
  EXPECT_EQ(allowed_text({"key", &truth}), "true or false");
  EXPECT_EQ(allowed_text({"key", &number}), "a number");
  EXPECT_EQ(allowed_text({"key", std::span(numbers), between(0, 1)}),
            "a list of 2 numbers, at least 0 and at most 1");
  EXPECT_EQ(allowed_text({"key", choice(color, {"red", "blue"})}), "one of red, blue");
  std::optional<double> maybe;
  TowerLock lock;
  EXPECT_EQ(allowed_text({"key", &maybe, above(0)}), "null, or a number, above 0");
  EXPECT_EQ(allowed_text({"key", &lock}), "none, all, or a whole number of blocks, at least 0");
}

// dump_train_config() writes the key of a section in a section with its dot.
TEST(Field, IsReadFromASectionInASection) {
  for (const char* yaml : {"outer: {inner: {number: 3}}", "outer: {inner.number: 3}"}) {
    int64_t number = 0;
    FieldReader reader({{"outer.inner.number", &number}}, "run.yaml");
    reader.read(write_yaml(yaml, "run.yaml"));
    EXPECT_EQ(number, 3) << yaml;
    reader.apply_override("outer.inner.number=4");
    EXPECT_EQ(number, 4);
  }
}

}  // namespace
}  // namespace dermatome
