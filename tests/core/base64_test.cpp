#include "src/core/base64.h"

#include <gtest/gtest.h>

#include <string>

namespace dermatome {
namespace {

TEST(Base64, MatchesPublishedVectors) {
  const auto encode = [](const std::string& text) {
    return base64(std::as_bytes(std::span(text)));
  };
  EXPECT_EQ(encode(""), "");
  EXPECT_EQ(encode("f"), "Zg==");
  EXPECT_EQ(encode("fo"), "Zm8=");
  EXPECT_EQ(encode("foo"), "Zm9v");
  EXPECT_EQ(encode("foobar"), "Zm9vYmFy");
  EXPECT_EQ(encode("\xfb\xff\xbf"), "+/+/");
  // Longer than a line of MIME: base64() breaks no lines.
  EXPECT_EQ(encode(std::string(300, '\0')), std::string(400, 'A'));
}

}  // namespace
}  // namespace dermatome
