#include "src/image/color.h"

#include <gtest/gtest.h>

#include "src/core/error.h"
#include "tests/image/golden.h"

namespace dermatome {
namespace {

class Color : public testing::TestWithParam<std::string> {
 protected:
  Image input() const { return golden_picture(GetParam() + ".resized_crop64.uint8"); }
  void expect(const Image& image, const std::string& operation) const {
    expect_golden(image, GetParam() + ".aug." + operation + ".uint8");
  }
};

TEST_P(Color, BrightnessEqualsTorchvision) {
  Image image = input();
  adjust_brightness(image, 1.25);
  expect(image, "brightness");
}

TEST_P(Color, ContrastEqualsTorchvision) {
  Image image = input();
  adjust_contrast(image, 0.75);
  expect(image, "contrast");
}

TEST_P(Color, SaturationEqualsTorchvision) {
  Image image = input();
  adjust_saturation(image, 1.3);
  expect(image, "saturation");
}

TEST_P(Color, HueEqualsTorchvision) {
  Image forward = input();
  adjust_hue(forward, 0.06);
  expect(forward, "hue");
  Image backward = input();
  adjust_hue(backward, -0.08);
  expect(backward, "hue_neg");
}

TEST_P(Color, GrayscaleEqualsTorchvision) {
  Image image = input();
  to_grayscale(image);
  expect(image, "grayscale");
}

TEST_P(Color, OperationsInARowEqualTorchvision) {
  Image image = input();
  adjust_contrast(image, 1.2);
  adjust_hue(image, 0.05);
  adjust_brightness(image, 0.8);
  adjust_saturation(image, 0.7);
  expect(image, "jitter_c_h_b_s");
}

INSTANTIATE_TEST_SUITE_P(Pictures, Color, testing::Values("a", "b"));

TEST(ColorLimits, RefusesFactorsOutsideTheirRange) {
  Image image{1, 1, {1, 2, 3}};
  EXPECT_THROW(adjust_brightness(image, -0.1), InternalError);
  EXPECT_THROW(adjust_saturation(image, -0.1), InternalError);
  EXPECT_THROW(adjust_hue(image, 0.51), InternalError);
}

}  // namespace
}  // namespace dermatome
