#include "src/image/color.h"

#include <gtest/gtest.h>

#include "src/core/error.h"
#include "tests/image/golden.h"

namespace dermatome {
namespace {

struct Operation {
  const char* name;  // of the golden picture
  void (*apply)(Image& image);
};

constexpr Operation kOperations[] = {
    {"brightness", [](Image& image) { adjust_brightness(image, 1.25); }},
    {"contrast", [](Image& image) { adjust_contrast(image, 0.75); }},
    {"saturation", [](Image& image) { adjust_saturation(image, 1.3); }},
    {"hue", [](Image& image) { adjust_hue(image, 0.06); }},
    {"hue_neg", [](Image& image) { adjust_hue(image, -0.08); }},
    {"grayscale", to_grayscale},
    {"jitter_c_h_b_s",
     [](Image& image) {
       adjust_contrast(image, 1.2);
       adjust_hue(image, 0.05);
       adjust_brightness(image, 0.8);
       adjust_saturation(image, 0.7);
     }},
};

TEST(Color, OperationsEqualTorchvision) {
  for (const std::string picture : {"a", "b"}) {
    for (const auto& [name, apply] : kOperations) {
      Image image = golden_picture(picture + ".resized_crop64.uint8");
      apply(image);
      expect_golden(image, picture + ".aug." + name + ".uint8");
    }
  }
}

TEST(Color, RefusesFactorsOutsideTheirRange) {
  Image image{1, 1, {1, 2, 3}};
  EXPECT_THROW(adjust_brightness(image, -0.1), InternalError);
  EXPECT_THROW(adjust_saturation(image, -0.1), InternalError);
  EXPECT_THROW(adjust_hue(image, 0.51), InternalError);
}

}  // namespace
}  // namespace dermatome
