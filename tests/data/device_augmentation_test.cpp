#include "src/data/device_augmentation.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "src/config/augmentation_options.h"
#include "src/core/error.h"
#include "src/data/crops.h"

namespace dermatome {
namespace {

Image noise(int height, int width, uint32_t seed) {
  std::mt19937 random(seed);
  Image image = black_image(height, width);
  for (uint8_t& value : image.pixels) value = static_cast<uint8_t>(random());
  return image;
}

AugmentationParameters whole(const Image& image) {
  return {.crop = {0, 0, image.width, image.height}, .colors = {}, .gray = false};
}

struct Sample {
  Image image;
  AugmentationParameters parameters;
};

CropBatch pack_all(const std::vector<Sample>& samples, int size) {
  std::vector<Crop> crops;
  for (const Sample& sample : samples) cut(sample.image, sample.parameters, crops.emplace_back());
  return pack(crops, size);
}

// What augment() makes of them: uint8 [B, 3, size, size].
at::Tensor on_host(const std::vector<Sample>& samples, int size) {
  const auto count = static_cast<int64_t>(samples.size());
  at::Tensor images = at::empty({count, 3, size, size}, at::kByte);
  const size_t plane = static_cast<size_t>(size) * static_cast<size_t>(size);
  auto* pixels = images.mutable_data_ptr<uint8_t>();
  for (const Sample& sample : samples) {
    augment(sample.image, sample.parameters, size, planes_at(pixels, plane));
    pixels += 3 * plane;
  }
  return images;
}

void expect_equal_to_host(const std::vector<Sample>& samples, int size) {
  const at::Tensor expected = on_host(samples, size);
  const at::Tensor found = augment_crops(pack_all(samples, size));
  ASSERT_EQ(found.scalar_type(), at::kByte);
  ASSERT_EQ(found.sizes(), expected.sizes());
  for (size_t i = 0; i < samples.size(); ++i) {
    const auto row = static_cast<int64_t>(i);
    EXPECT_EQ((found[row] != expected[row]).sum().item<int64_t>(), 0) << "sample " << i;
  }
}

TEST(AugmentCrops, SizesOfEveryKindEqualTheHosts) {
  // Larger and smaller than the result, equal, one pixel, flat and tall, either side first.
  const std::vector<std::pair<int, int>> sizes = {
      {32, 32}, {1, 1},   {1, 50},  {50, 1},   {31, 33}, {97, 32}, {32, 97}, {97, 20},
      {20, 97}, {75, 61}, {64, 64}, {128, 90}, {3, 7},   {33, 32}, {300, 41}};
  std::vector<Sample> samples;
  for (const auto& [height, width] : sizes) {
    Image image = noise(height, width, static_cast<uint32_t>(height * 1000 + width));
    const auto parameters = whole(image);
    samples.push_back({std::move(image), parameters});
  }
  expect_equal_to_host(samples, 32);
  expect_equal_to_host(samples, 31);
}

TEST(AugmentCrops, PartsOfAPictureEqualTheHosts) {
  const Image image = noise(70, 90, 1);
  std::vector<Sample> samples;
  for (const Box box : {Box{20, 10, 60, 51}, Box{0, 0, 1, 70}, Box{89, 0, 1, 70}, Box{0, 69, 90, 1},
                        Box{5, 5, 24, 24}, Box{30, 0, 10, 70}}) {
    samples.push_back({image, {.crop = box, .colors = {}, .gray = false}});
  }
  expect_equal_to_host(samples, 24);
}

TEST(AugmentCrops, EveryOrderOfColourOperationsEqualsTheHosts) {
  std::vector<int> order = {0, 1, 2, 3};
  std::mt19937 random(3);
  const auto between = [&](double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(random);
  };
  std::vector<Sample> samples;
  do {
    Image image = noise(30, 40, static_cast<uint32_t>(samples.size()));
    AugmentationParameters parameters = whole(image);
    for (const int operation : order) {
      const bool hue = static_cast<ColorOperation>(operation) == ColorOperation::kHue;
      parameters.colors.push_back(
          {static_cast<ColorOperation>(operation), hue ? between(-0.5, 0.5) : between(0.2, 1.8)});
    }
    parameters.gray = samples.size() % 5 == 0;
    samples.push_back({std::move(image), std::move(parameters)});
  } while (std::next_permutation(order.begin(), order.end()));
  ASSERT_EQ(samples.size(), 24u);
  expect_equal_to_host(samples, 32);
}

TEST(AugmentCrops, SingleAndExtremeAdjustmentsEqualTheHosts) {
  std::vector<Sample> samples;
  const auto add = [&](ColorAdjustments colors, bool gray) {
    Image image = noise(32, 32, static_cast<uint32_t>(samples.size()));
    AugmentationParameters parameters = whole(image);
    parameters.colors = std::move(colors);
    parameters.gray = gray;
    samples.push_back({std::move(image), std::move(parameters)});
  };
  add({}, false);
  add({}, true);
  for (const double factor : {0.0, 0.001, 1.0, 3.7, 255.0}) {
    add({{ColorOperation::kBrightness, factor}}, false);
    add({{ColorOperation::kContrast, factor}}, false);
    add({{ColorOperation::kSaturation, factor}}, true);
  }
  for (const double shift : {-0.5, -0.003, 0.0, 0.08, 0.5}) {
    add({{ColorOperation::kHue, shift}}, false);
  }
  // Neither one value nor two.
  samples.push_back({black_image(32, 32), samples.back().parameters});
  samples.push_back({samples[0].image, samples.back().parameters});
  std::fill(samples.back().image.pixels.begin(), samples.back().image.pixels.end(), 255);
  expect_equal_to_host(samples, 32);
}

// Every sixteenth colour.
TEST(AugmentCrops, HuesOfColoursFromAllOverEqualTheHosts) {
  constexpr int kSide = 256;
  for (const double shift : {-0.08, 0.05}) {
    std::vector<Sample> samples;
    for (int part = 0; part < 16; ++part) {
      Image image = black_image(kSide, kSide);
      auto value = image.pixels.begin();
      for (int i = 0; i < kSide * kSide; ++i) {
        const int color = 16 * (part * kSide * kSide + i) + part;
        for (int channel = 0; channel < 3; ++channel) {
          *value++ = static_cast<uint8_t>(color >> (8 * channel));
        }
      }
      AugmentationParameters parameters = whole(image);
      parameters.colors = {{ColorOperation::kHue, shift}};
      samples.push_back({std::move(image), std::move(parameters)});
    }
    expect_equal_to_host(samples, kSide);
  }
}

TEST(AugmentCrops, DrawnParametersAtTheRecipesSizesEqualTheHosts) {
  AugmentationOptions options;
  options.scale = {0.4, 1.0};
  options.color_jitter = {0.32, 0.32, 0.32, 0.08};
  options.color_jitter_probability = 0.8;
  options.gray_probability = 0.2;
  std::vector<Sample> samples;
  for (int i = 0; i < 12; ++i) {
    Image image = noise(384, 384 + 37 * (i % 4), static_cast<uint32_t>(i));
    auto parameters = draw_augmentation(options, image.height, image.width, 1, 2, i);
    samples.push_back({std::move(image), std::move(parameters)});
  }
  expect_equal_to_host(samples, 224);
}

TEST(AugmentCrops, ASliceIsAugmentedAsInTheWholeBatch) {
  std::vector<Sample> samples;
  for (int i = 0; i < 7; ++i) {
    Image image = noise(20 + 9 * i, 60 - 5 * i, static_cast<uint32_t>(i));
    AugmentationParameters parameters = whole(image);
    if (i == 4) parameters.colors = {{ColorOperation::kContrast, 0.7}};
    samples.push_back({std::move(image), std::move(parameters)});
  }
  const CropBatch batch = pack_all(samples, 24);
  const at::Tensor expected = on_host(samples, 24);
  for (int64_t first = 0; first < 7; ++first) {
    for (int64_t count = 0; first + count <= 7; ++count) {
      const CropBatch slice = batch.slice(first, count);
      EXPECT_EQ(slice.size(), count);
      EXPECT_TRUE(augment_crops(slice).equal(expected.narrow(0, first, count)));
      // Of a slice, as the groups of a large batch are.
      if (count == 0) continue;
      EXPECT_TRUE(
          augment_crops(slice.slice(count - 1, 1)).equal(expected.narrow(0, first + count - 1, 1)));
    }
  }
}

// More pixels than are worked on at once.
TEST(AugmentCrops, ALargeBatchIsWorkedOnInGroups) {
  std::vector<Sample> samples;
  for (int i = 0; i < 5; ++i) {
    Image image = noise(2100 + i, 2100 - i, static_cast<uint32_t>(i));
    const auto parameters = whole(image);
    samples.push_back({std::move(image), parameters});
  }
  expect_equal_to_host(samples, 256);
}

TEST(AugmentCrops, AStrongShrinkDiffersByALevelAtMost) {
  const Image image = noise(900, 800, 1);
  const std::vector<Sample> samples = {{image, whole(image)}};
  const at::Tensor difference =
      (augment_crops(pack_all(samples, 16)).to(at::kInt) - on_host(samples, 16).to(at::kInt)).abs();
  EXPECT_LE(difference.max().item<int>(), 1);
  EXPECT_LE(difference.sum().item<int>(), 8);
}

TEST(AugmentCrops, NoCropsAreNoPictures) {
  EXPECT_EQ(augment_crops(pack({}, 16)).sizes(), (at::IntArrayRef{0, 3, 16, 16}));
}

TEST(PackCrops, RefusesMoreAdjustmentsThanItHasRoomFor) {
  const Image image = noise(4, 4, 1);
  AugmentationParameters parameters = whole(image);
  parameters.colors = {{ColorOperation::kHue, 0.1}, {ColorOperation::kHue, 0.1}};
  EXPECT_THROW(pack_all({{image, parameters}}, 4), InternalError);
  parameters.colors.assign(4, {ColorOperation::kBrightness, 1.1});
  EXPECT_THROW(pack_all({{image, parameters}}, 4), InternalError);
}

}  // namespace
}  // namespace dermatome
