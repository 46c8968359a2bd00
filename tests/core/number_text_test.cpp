#include "src/core/number_text.h"

#include <gtest/gtest.h>

namespace dermatome {
namespace {

TEST(NumberText, HasNoExponent) {
  EXPECT_EQ(number_text(0), "0");
  EXPECT_EQ(number_text(2.5), "2.5");
  EXPECT_EQ(number_text(10.6667), "10.67");
  EXPECT_EQ(number_text(9999.4), "9999");
  EXPECT_EQ(number_text(100000.0 / 3), "33333");
  EXPECT_EQ(number_text(123456789), "123456789");
  EXPECT_EQ(number_text(0.00123), "0.00123");
  EXPECT_EQ(number_text(0.00003), "0.000030");
}

}  // namespace
}  // namespace dermatome
