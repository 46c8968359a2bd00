#include "src/image/resize.h"

#include <gtest/gtest.h>

#include "src/core/error.h"
#include "src/image/codec.h"
#include "tests/image/golden.h"

namespace dermatome {
namespace {

Image plain(int height, int width, uint8_t level) {
  return {height, width, std::vector<uint8_t>(static_cast<size_t>(height) * width * 3, level)};
}

TEST(Resize, EvaluationPreprocessingEqualsPillow) {
  for (const std::string source : {"a", "b"}) {
    for (const int size : {64, 224}) {
      const Image image = golden_image(source + ".decoded");
      expect_golden(center_crop(resize_shorter_side(image, size), size),
                    source + ".val" + std::to_string(size) + ".uint8");
    }
  }
}

TEST(Resize, CropThenResizeEqualsPillow) {
  expect_golden(resize(golden_image("a.decoded"), {20, 10, 75, 61}, 64, 64),
                "a.resized_crop64.uint8");
  expect_golden(resize(golden_image("b.decoded"), {5, 33, 150, 190}, 64, 64),
                "b.resized_crop64.uint8");
}

TEST(Resize, DecodedFilesEqualPillow) {
  expect_golden(load_image(DERMATOME_SOURCE_DIR "/tests/golden/image_a.png"), "a.decoded");
  expect_golden(load_image(DERMATOME_SOURCE_DIR "/tests/golden/image_b.jpg"), "b.decoded");
}

// The height shrinks and the width grows, so the order of the passes matters.
TEST(Resize, ATallImageEqualsPillow) {
  const std::string folder = DERMATOME_SOURCE_DIR "/tests/image/data/";
  const Image tall = load_image(folder + "tall.png");
  EXPECT_EQ(resize(tall, {0, 0, 6, 40}, 12, 9, Interpolation::kBicubic).pixels,
            load_image(folder + "tall_bicubic.png").pixels);
  EXPECT_EQ(resize(tall, {0, 0, 6, 40}, 12, 9, Interpolation::kBilinear).pixels,
            load_image(folder + "tall_bilinear.png").pixels);
}

TEST(Resize, SameSizeIsACopy) {
  const Image image = golden_image("a.decoded");
  EXPECT_EQ(resize(image, {0, 0, image.width, image.height}, image.height, image.width).pixels,
            image.pixels);
}

TEST(Resize, BilinearAveragesWhenHalving) {
  Image image = plain(2, 2, 0);
  image.pixels[0] = 200;
  const Image one = resize(image, {0, 0, 2, 2}, 1, 1, Interpolation::kBilinear);
  EXPECT_EQ(one.pixels, (std::vector<uint8_t>{50, 0, 0}));
}

TEST(Resize, ToAShorterSideTruncatesTheLongerSide) {
  const Image wide = resize_shorter_side(plain(97, 131, 9), 64);
  EXPECT_EQ(wide.height, 64);
  EXPECT_EQ(wide.width, 86);  // 64 * 131 / 97 = 86.4
  const Image high = resize_shorter_side(plain(131, 97, 9), 64);
  EXPECT_EQ(high.height, 86);
  EXPECT_EQ(high.width, 64);
  EXPECT_THROW(resize_shorter_side(plain(1, 100'000, 9), 384), DataError);
}

// The left margin of a crop of width 2 from each width, by Python's round().
TEST(Resize, CenterCropRoundsHalfToEven) {
  const std::vector<int> margins{0, 0, 1, 2, 2, 2, 3, 4};
  for (int extra = 0; extra < 8; ++extra) {
    Image image = plain(2, 2 + extra, 0);
    for (int x = 0; x < image.width; ++x) image.pixels[x * 3] = static_cast<uint8_t>(x);
    EXPECT_EQ(center_crop(image, 2).pixels[0], margins[extra]) << extra;
  }
}

TEST(Resize, CenterCropPadsASmallerImage) {
  const Image padded = center_crop(plain(2, 5, 7), 5);
  ASSERT_EQ(padded.height, 5);
  ASSERT_EQ(padded.width, 5);
  std::vector<uint8_t> expected(5 * 5 * 3, 0);
  std::fill_n(expected.begin() + 5 * 3, 2 * 5 * 3, uint8_t{7});  // one row above, two below
  EXPECT_EQ(padded.pixels, expected);
}

TEST(Resize, RefusesABoxThatLeavesTheImage) {
  const Image image = plain(4, 6, 0);
  EXPECT_THROW(resize(image, {0, 0, 7, 4}, 2, 2), InternalError);
  EXPECT_THROW(resize(image, {-1, 0, 3, 3}, 2, 2), InternalError);
  EXPECT_THROW(resize(image, {2, 2, 0, 1}, 2, 2), InternalError);
  EXPECT_THROW(resize(image, {0, 0, 3, 3}, 0, 2), InternalError);
}

}  // namespace
}  // namespace dermatome
