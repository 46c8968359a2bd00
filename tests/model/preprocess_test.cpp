#include "src/model/preprocess.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "src/image/codec.h"
#include "src/weights/safetensors.h"
#include "tests/model/golden_clip.h"

namespace dermatome {
namespace {

const std::map<std::string, at::Tensor>& golden() {
  static const auto tensors = read_safetensors(golden_path("preprocess.safetensors"));
  return tensors;
}

// An image that was decoded when the values were recorded, so that JPEG decoders do not matter.
Image decoded_image(const std::string& key) {
  const at::Tensor pixels = golden().at(key + ".decoded").contiguous();
  const auto* data = pixels.const_data_ptr<uint8_t>();
  return {.height = static_cast<int>(pixels.size(0)),
          .width = static_cast<int>(pixels.size(1)),
          .pixels = {data, data + pixels.numel()}};
}

ClipConfig config_of_size(int64_t size) {
  ClipConfig config;
  config.vision.image_size = size;
  return config;
}

TEST(Preprocess, MatchesPillow) {
  for (const std::string key : {"a", "b"}) {
    for (const int64_t size : {64, 224}) {
      const at::Tensor pixels = preprocess_image(decoded_image(key), config_of_size(size));
      const at::Tensor expected =
          golden().at(key + ".val" + std::to_string(size) + ".uint8").permute({2, 0, 1});
      ASSERT_EQ(pixels.sizes(), expected.sizes());
      ASSERT_EQ(pixels.scalar_type(), at::kByte);
      const at::Tensor difference = (pixels.to(at::kInt) - expected.to(at::kInt)).abs();
      EXPECT_LE(difference.max().item<int>(), 1) << key << size;
      EXPECT_LT(difference.ne(0).to(at::kFloat).mean().item<double>(), 0.01) << key << size;
    }
  }
}

TEST(Preprocess, NormalizesAsTorchvision) {
  for (const std::string key : {"a", "b"}) {
    const at::Tensor pixels = golden().at(key + ".val64.uint8").permute({2, 0, 1}).unsqueeze(0);
    const at::Tensor found = normalize(pixels, PreprocessConfig{}, at::kCPU);
    EXPECT_TRUE(found.is_contiguous());
    EXPECT_TRUE(at::equal(found[0], golden().at(key + ".val64.float"))) << key;
  }
}

TEST(Preprocess, RoundsToBfloat16AsAutocastDoes) {
  const at::Tensor pixels =
      at::arange(3 * 16 * 16).remainder(256).to(at::kByte).view({1, 3, 16, 16});
  const at::Tensor found = normalize(pixels, PreprocessConfig{}, at::kCPU, at::kBFloat16);
  EXPECT_EQ(found.scalar_type(), at::kBFloat16);
  const at::Tensor expected = normalize(pixels, PreprocessConfig{}, at::kCPU).to(at::kBFloat16);
  EXPECT_TRUE(at::equal(found, expected));
}

TEST(Preprocess, LeavesItsInputAlone) {
  const at::Tensor pixels = at::full({1, 3, 2, 2}, 7, at::kByte);
  normalize(pixels, PreprocessConfig{}, at::kCPU);
  EXPECT_TRUE(pixels.eq(7).all().item<bool>());
}

TEST(Preprocess, SquashKeepsTheWholeImage) {
  Image image{.height = 8, .width = 32, .pixels = std::vector<uint8_t>(8 * 32 * 3, 0)};
  for (int y = 0; y < 8; ++y) {
    for (int x = 28; x < 32; ++x) image.pixels[(y * 32 + x) * 3] = 255;  // the right edge is red
  }
  ClipConfig config = config_of_size(8);
  EXPECT_EQ(preprocess_image(image, config)[0].max().item<int>(), 0);
  config.preprocess.resize_mode = "squash";
  EXPECT_GT(preprocess_image(image, config)[0].select(1, 7).min().item<int>(), 200);
}

TEST(Preprocess, HonorsTheInterpolation) {
  ClipConfig config = config_of_size(64);
  const at::Tensor bicubic = preprocess_image(decoded_image("b"), config);
  config.preprocess.interpolation = "bilinear";
  EXPECT_FALSE(at::equal(bicubic, preprocess_image(decoded_image("b"), config)));
}

}  // namespace
}  // namespace dermatome
