#include "src/core/text.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <limits>

namespace dermatome {
namespace {

TEST(Text, JoinsTextsCharactersPathsAndNumbers) {
  const std::string name = "name";
  const std::string_view view = "view";
  const char* pointer = "pointer";
  EXPECT_EQ(text(name, ' ', view, " ", pointer, " ", std::filesystem::path("a/b"), ": ", 7),
            "name view pointer a/b: 7");
  EXPECT_EQ(text(), "");
}

TEST(Text, PrintsIntegersOfEverySizeAsNumbers) {
  EXPECT_EQ(text(uint8_t{65}, ",", int8_t{-65}, ",", size_t{3}), "65,-65,3");
  EXPECT_EQ(text(std::numeric_limits<int64_t>::min(), " ", std::numeric_limits<uint64_t>::max()),
            "-9223372036854775808 18446744073709551615");
}

TEST(Text, PrintsFractionsWithTheFewestDigits) {
  EXPECT_EQ(text(0.1, " ", 0.1f, " ", 2.0, " ", 1e300), "0.1 0.1 2 1e+300");
  EXPECT_EQ(text(-std::numeric_limits<double>::max()), "-1.7976931348623157e+308");
}

TEST(Text, KeepsZeroBytes) { EXPECT_EQ(text(std::string("a\0b", 3), 'c').size(), 4U); }

}  // namespace
}  // namespace dermatome
