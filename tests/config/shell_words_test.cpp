#include "src/config/shell_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/config/config_error.h"

namespace dermatome {
namespace {

using testing::ElementsAre;

TEST(ShellWords, ResolvesQuotationMarksAndBackslashes) {
  EXPECT_THAT(shell_words("  a 'b  c'd \"e \\\"f\\n\" g\\ h i\\'j '' "),
              ElementsAre("a", "b  cd", "e \"f\\n", "g h", "i'j", ""));
}

TEST(ShellWords, ContinuesLinesAndLeavesCommentsOut) {
  EXPECT_THAT(shell_words("a \\\n  b=\"(1, 2)\" \\ # why\n\tc#d # end"),
              ElementsAre("a", "b=(1, 2)", "c#d"));
  EXPECT_THAT(shell_words("a\\\nb \"c\\\nd\" \\  \n e"), ElementsAre("ab", "cd", "e"));
  EXPECT_THAT(shell_words(" \n"), testing::IsEmpty());
}

TEST(ShellWords, RefusesAnOpenQuotation) {
  EXPECT_EQ(config_error([] { shell_words("a 'b"); }),
            "command line: a quotation mark ' has no second one");
  EXPECT_EQ(config_error([] { shell_words("\"b\\\""); }),
            "command line: a quotation mark \" has no second one");
}

}  // namespace
}  // namespace dermatome
