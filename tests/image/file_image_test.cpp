#include "src/image/file_image.h"

#include <gtest/gtest.h>

#include <vector>

namespace dermatome {
namespace {

FileImage row_of(FileImage::Colors colors, const std::vector<uint8_t>& samples) {
  FileImage image;
  image.colors = colors;
  image.height = 1;
  image.samples = samples;
  image.width = static_cast<int>(samples.size() / image.channels());
  return image;
}

// Opaque, half transparent, wholly transparent.
FileImage three_of_red() {
  return row_of(FileImage::Colors::kRgba, {200, 0, 0, 255, 200, 0, 0, 128, 200, 0, 0, 0});
}

TEST(FileImage, IsLaidOverABackground) {
  EXPECT_EQ(lay_over(three_of_red(), {255, 255, 255}).pixels,
            (std::vector<uint8_t>{200, 0, 0, 227, 127, 127, 255, 255, 255}));
  EXPECT_EQ(lay_over(three_of_red(), {}).pixels,
            (std::vector<uint8_t>{200, 0, 0, 100, 0, 0, 0, 0, 0}));
  const FileImage opaque = row_of(FileImage::Colors::kRgb, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(lay_over(opaque, {255, 255, 255}).pixels, opaque.samples);
}

TEST(FileImage, LosesItsAlphaWithoutABackground) {
  EXPECT_EQ(to_rgb(three_of_red()).pixels, (std::vector<uint8_t>{200, 0, 0, 200, 0, 0, 200, 0, 0}));
}

TEST(FileImage, IsTransparentIfAPixelIs) {
  EXPECT_TRUE(is_transparent(three_of_red()));
  EXPECT_FALSE(is_transparent(row_of(FileImage::Colors::kRgba, {1, 2, 3, 255})));
  EXPECT_FALSE(is_transparent(row_of(FileImage::Colors::kRgb, {1, 2, 3})));
  EXPECT_FALSE(is_transparent(row_of(FileImage::Colors::kCmyk, {1, 2, 3, 4})));
}

// Pillow resizes a palette without interpolation; and a color that cannot be seen counts nothing.
// tests/interop/image_files_test.py compares all kinds with Pillow.
TEST(FileImage, IsResizedInItsOwnColors) {
  FileImage palette = row_of(FileImage::Colors::kRgb, {0, 0, 0, 0, 0, 0, 90, 90, 90, 90, 90, 90});
  palette.resizing = FileImage::Resizing::kNearest;
  EXPECT_EQ(resize_to_rgb(palette, 1, 2, Interpolation::kBilinear).pixels,
            (std::vector<uint8_t>{0, 0, 0, 90, 90, 90}));
  FileImage alpha = row_of(FileImage::Colors::kRgba, {200, 0, 0, 255, 0, 100, 0, 0});
  alpha.resizing = FileImage::Resizing::kPremultiplied;
  EXPECT_EQ(resize_to_rgb(alpha, 1, 1, Interpolation::kBilinear).pixels,
            (std::vector<uint8_t>{199, 0, 0}));
  alpha.resizing = FileImage::Resizing::kPlain;
  EXPECT_EQ(resize_to_rgb(alpha, 1, 1, Interpolation::kBilinear).pixels,
            (std::vector<uint8_t>{100, 50, 0}));
}

}  // namespace
}  // namespace dermatome
