#include "sharding/image_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <span>

#include "src/core/file.h"
#include "src/image/codec.h"
#include "src/image/orientation.h"
#include "src/image/resize.h"
#include "tests/sharding/test_data.h"

namespace dermatome {
namespace {

using testing::ElementsAreArray;

const std::filesystem::path kJpeg = DERMATOME_SOURCE_DIR "/tests/golden/image_b.jpg";  // 300 x 212
const std::filesystem::path kPng = DERMATOME_SOURCE_DIR "/tests/golden/image_a.png";   // 97 x 131

TEST(ImageRecord, LargerImagesShrinkToTheShortSide) {
  const ImageRecord record = make_image_record(kJpeg, {.short_side = 106});
  EXPECT_EQ(record.height, 150);
  EXPECT_EQ(record.width, 106);
  EXPECT_EQ(record.bytes, encode_jpeg(resize_shorter_side(load_image(kJpeg), 106), 90));
}

TEST(ImageRecord, SmallerImagesAreNotEnlarged) {
  const ImageRecord record = make_image_record(kPng, {.short_side = 384, .quality = 75});
  EXPECT_EQ(record.height, 97);
  EXPECT_EQ(record.width, 131);
  EXPECT_EQ(record.bytes, encode_jpeg(load_image(kPng), 75));
}

TEST(ImageRecord, AJpegOfTheRightSizeIsKept) {
  const std::string file = read_file(kJpeg);
  EXPECT_THAT(make_image_record(kJpeg, {.short_side = 212}).bytes,
              ElementsAreArray(std::as_bytes(std::span(file))));
}

// The EXIF segment asks for a turn to the right.
TEST(ImageRecord, AJpegWithAnOrientationIsTurnedAndEncodedAgain) {
  std::string file = read_file(kJpeg);
  const std::string exif(
      "\xFF\xE1\0\x22"
      "Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0",
      36);
  file.insert(2, exif);
  const TemporaryDirectory directory;
  const auto path = directory.write("lying.jpg", file);
  const ImageRecord record = make_image_record(path, {.short_side = 212});
  EXPECT_EQ(record.height, 212);
  EXPECT_EQ(record.width, 300);
  EXPECT_EQ(record.bytes, encode_jpeg(turn_upright(load_image(kJpeg), 6), 90));
}

// A GIF of 7 x 5 pixels: those whose x + y is 2 or 6 or 10 are transparent.
TEST(ImageRecord, TransparentImagesAreLaidOverTheBackground) {
  const std::filesystem::path gif = DERMATOME_SOURCE_DIR "/tests/image/data/palette.gif";
  const auto pixel_of = [&](const ImagePolicy& policy, size_t pixel) {
    const ImageRecord record = make_image_record(gif, policy);
    EXPECT_TRUE(record.transparent);
    return std::vector(record.bytes.begin() + static_cast<std::ptrdiff_t>(pixel * 3),
                       record.bytes.begin() + static_cast<std::ptrdiff_t>(pixel * 3 + 3));
  };
  const auto bytes = [](auto... values) { return std::vector{static_cast<std::byte>(values)...}; };
  const ImagePolicy white{.raw = true};
  const ImagePolicy black{.raw = true, .background = Background::kBlack};
  EXPECT_EQ(pixel_of(white, 2), bytes(255, 255, 255));
  EXPECT_EQ(pixel_of(black, 2), bytes(0, 0, 0));
  for (const auto& policy : {white, black}) EXPECT_EQ(pixel_of(policy, 1), bytes(200, 100, 50));
  EXPECT_FALSE(make_image_record(kPng, white).transparent);
}

// A reader of shards expects RGB.
TEST(ImageRecord, ACmykJpegIsEncodedAgain) {
  const std::filesystem::path cmyk = DERMATOME_SOURCE_DIR "/tests/image/data/cmyk.jpg";
  EXPECT_EQ(make_image_record(cmyk, {}).bytes, encode_jpeg(load_image(cmyk), 90));
}

TEST(ImageRecord, SaysThatGrayWasClipped) {
  const std::filesystem::path gray = DERMATOME_SOURCE_DIR "/tests/image/data/gray_16.png";
  EXPECT_TRUE(make_image_record(gray, {}).clipped);
  EXPECT_FALSE(make_image_record(kPng, {}).clipped);
}

TEST(ImageRecord, RawRecordsArePixels) {
  const ImageRecord record = make_image_record(kPng, {.short_side = 50, .raw = true});
  EXPECT_EQ(record.height, 50);
  EXPECT_EQ(record.width, 67);
  const Image image = resize_shorter_side(load_image(kPng), 50);
  EXPECT_THAT(record.bytes, ElementsAreArray(std::as_bytes(std::span(image.pixels))));
}

TEST(ImageRecord, TypicalSizeGrowsWithTheStoredPixels) {
  EXPECT_GT(typical_record_bytes({.short_side = 384}), 20'000);
  EXPECT_LT(typical_record_bytes({.short_side = 384}), 100'000);
  EXPECT_EQ(typical_record_bytes({.short_side = 3, .raw = true}), 36);
  EXPECT_EQ(typical_record_bytes({.short_side = 1}), 1);
}

}  // namespace
}  // namespace dermatome
