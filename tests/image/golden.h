// The images of tests/golden/preprocess.safetensors.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "src/image/image.h"
#include "src/weights/safetensors.h"

namespace dermatome {

// Tensor `name` [height, width, 3] as an image.
inline Image golden_image(const std::string& name) {
  static const auto tensors =
      read_safetensors(DERMATOME_SOURCE_DIR "/tests/golden/preprocess.safetensors");
  const at::Tensor tensor = tensors.at(name).contiguous();
  const auto* data = tensor.const_data_ptr<uint8_t>();
  return {static_cast<int>(tensor.size(0)), static_cast<int>(tensor.size(1)),
          std::vector<uint8_t>(data, data + tensor.numel())};
}

// The image of `planes`, which the tests can compare.
inline Image from_planes(const Planes& planes, int height, int width) {
  Image image{height, width, {}};
  for (size_t i = 0; i < planes.count; ++i) {
    for (const uint8_t* plane : {planes.red, planes.green, planes.blue}) {
      image.pixels.push_back(plane[i]);
    }
  }
  return image;
}

// Expects that `image` equals golden image `name` in every byte.
inline void expect_golden(const Image& image, const std::string& name) {
  const Image expected = golden_image(name);
  ASSERT_EQ(image.height, expected.height) << name;
  ASSERT_EQ(image.width, expected.width) << name;
  int differing = 0;
  int largest = 0;
  for (size_t i = 0; i < expected.pixels.size(); ++i) {
    const int difference = std::abs(image.pixels[i] - expected.pixels[i]);
    differing += difference != 0;
    largest = std::max(largest, difference);
  }
  EXPECT_EQ(differing, 0) << name << ": largest difference " << largest << " levels";
}

}  // namespace dermatome
