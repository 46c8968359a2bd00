#include "src/image/color.h"

#include <gtest/gtest.h>

#include <vector>

#include "src/core/error.h"
#include "tests/image/golden.h"

namespace dermatome {
namespace {

struct Operation {
  const char* name;  // part of the golden image's name
  void (*apply)(const Planes& image);
};

constexpr Operation kOperations[] = {
    {"brightness", [](const Planes& image) { adjust_brightness(image, 1.25); }},
    {"contrast", [](const Planes& image) { adjust_contrast(image, 0.75); }},
    {"saturation", [](const Planes& image) { adjust_saturation(image, 1.3); }},
    {"hue", [](const Planes& image) { adjust_hue(image, 0.06); }},
    {"hue_neg", [](const Planes& image) { adjust_hue(image, -0.08); }},
    {"grayscale", to_grayscale},
    {"jitter_c_h_b_s",
     [](const Planes& image) {
       adjust_contrast(image, 1.2);
       adjust_hue(image, 0.05);
       adjust_brightness(image, 0.8);
       adjust_saturation(image, 0.7);
     }},
};

Image through_planes(const Image& image, void (*apply)(const Planes& image)) {
  std::vector<uint8_t> memory(image.pixels.size());
  const Planes planes = planes_at(memory.data(), memory.size() / 3);
  to_planes(image, planes);
  apply(planes);
  return from_planes(planes, image.height, image.width);
}

TEST(Color, OperationsEqualTorchvision) {
  for (const std::string source : {"a", "b"}) {
    for (const auto& [name, apply] : kOperations) {
      const Image image = golden_image(source + ".resized_crop64.uint8");
      expect_golden(through_planes(image, apply), source + ".aug." + name + ".uint8");
    }
  }
}

TEST(Color, RefusesFactorsOutsideTheirRange) {
  std::vector<uint8_t> pixel = {1, 2, 3};
  const Planes image = planes_at(pixel.data(), 1);
  EXPECT_THROW(adjust_brightness(image, -0.1), InternalError);
  EXPECT_THROW(adjust_saturation(image, -0.1), InternalError);
  EXPECT_THROW(adjust_hue(image, 0.51), InternalError);
}

}  // namespace
}  // namespace dermatome
