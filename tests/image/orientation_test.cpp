#include "src/image/orientation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "src/image/codec.h"

namespace dermatome {
namespace {

using namespace std::string_literals;

std::span<const std::byte> bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

// A TIFF file of one directory with the tags ImageWidth and Orientation.
std::string tiff(int orientation, bool little, char type = 3) {
  const auto number = [&](uint32_t value, int size) {
    std::string text;
    for (int i = 0; i < size; ++i) {
      text += static_cast<char>(value >> 8 * (little ? i : size - 1 - i) & 0xFF);
    }
    return text;
  };
  const auto entry = [&](uint32_t tag, uint32_t entry_type, uint32_t value) {
    return number(tag, 2) + number(entry_type, 2) + number(1, 4) + number(value, 2) + number(0, 2);
  };
  return (little ? "II"s : "MM"s) + number(42, 2) + number(8, 4) + number(2, 2) +
         entry(0x0100, 3, 7) +
         entry(0x0112, static_cast<uint32_t>(type), static_cast<uint32_t>(orientation)) +
         number(0, 4);
}

std::string big(size_t value, int size) {
  std::string text;
  for (int i = size - 1; i >= 0; --i) text += static_cast<char>(value >> 8 * i & 0xFF);
  return text;
}

std::string jpeg_with(const std::string& exif) {
  const std::string content = "Exif\0\0"s + exif;
  return "\xFF\xD8\xFF\xE0\0\4JF\xFF\xE1"s + big(content.size() + 2, 2) + content +
         "\xFF\xDA\0\2\xFF\xE1"s;
}

std::string png_with(const std::string& exif) {
  return "\x89PNG\r\n\x1A\n"s + big(3, 4) + "IHDRabcCRC_" + big(exif.size(), 4) + "eXIf" + exif +
         "CRC_";
}

std::string webp_with(const std::string& exif) {
  std::string length = big(exif.size(), 4);
  std::reverse(length.begin(), length.end());
  return "RIFF\0\0\0\0WEBPVP8X\3\0\0\0abc_EXIF"s + length + exif;
}

TEST(Orientation, IsFoundInEveryFormat) {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    for (const bool little : {false, true}) {
      const std::string exif = tiff(orientation, little);
      EXPECT_EQ(exif_orientation(bytes(jpeg_with(exif))), orientation);
      EXPECT_EQ(exif_orientation(bytes(png_with(exif))), orientation);
      EXPECT_EQ(exif_orientation(bytes(webp_with(exif))), orientation);
      EXPECT_EQ(exif_orientation(bytes(webp_with("Exif\0\0"s + exif))), orientation);
    }
  }
}

TEST(Orientation, IsUprightIfTheFileSaysNothingSensible) {
  for (const std::string& exif : {""s, "II"s, tiff(0, true), tiff(9, true),
                                  tiff(6, true, /*type=*/4), "XX"s + tiff(6, true)}) {
    EXPECT_EQ(exif_orientation(bytes(jpeg_with(exif))), 1);
  }
  EXPECT_EQ(exif_orientation(bytes("GIF89a"s + tiff(6, true))), 1);
}

// A file that is truncated anywhere or has any byte changed is malformed at worst.
TEST(Orientation, ReadsNoFurtherThanTheFile) {
  const std::string exif = tiff(6, false);
  for (const std::string& file : {jpeg_with(exif), png_with(exif), webp_with(exif)}) {
    for (size_t length = 0; length < file.size(); ++length) {
      // A separate vector, so that the address sanitizer notices reads beyond its end.
      const std::vector<char> part(file.begin(), file.begin() + static_cast<ptrdiff_t>(length));
      exif_orientation(std::as_bytes(std::span(part)));
      for (const int value : {0, 0x7F, 0xFF}) {
        std::vector<char> damaged(file.begin(), file.end());
        damaged[length] = static_cast<char>(value);
        const int found = exif_orientation(std::as_bytes(std::span(damaged)));
        EXPECT_TRUE(found >= 1 && found <= 8);
      }
    }
  }
}

// The stored rows of each orientation, as EXIF's page of the letter F shows them.
TEST(Orientation, TurnsImagesUpright) {
  // Two rows of three: a b c / d e f.
  const std::vector<std::pair<int, std::string>> stored = {
      {1, "abc/def"},  {2, "cba/fed"},  {3, "fed/cba"},  {4, "def/abc"},
      {5, "ad/be/cf"}, {6, "cf/be/ad"}, {7, "fc/eb/da"}, {8, "da/eb/fc"}};
  for (const auto& [orientation, rows] : stored) {
    Image image;
    image.width =
        static_cast<int>(rows.find('/') == std::string::npos ? rows.size() : rows.find('/'));
    for (const char c : rows) {
      if (c != '/') image.pixels.insert(image.pixels.end(), 3, static_cast<uint8_t>(c));
    }
    image.height = static_cast<int>(image.pixels.size()) / 3 / image.width;
    const Image upright = turn_upright(image, orientation);
    EXPECT_EQ(upright.height, 2) << orientation;
    EXPECT_EQ(upright.width, 3) << orientation;
    std::string seen;
    for (size_t i = 0; i < upright.pixels.size(); i += 3) {
      seen += static_cast<char>(upright.pixels[i]);
    }
    EXPECT_EQ(seen, "abcdef") << orientation;
  }
}

}  // namespace
}  // namespace dermatome
