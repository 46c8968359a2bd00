#include "src/data/augmentation.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <vector>

#include "src/config/augmentation_options.h"
#include "tests/image/golden.h"

namespace dermatome {
namespace {

AugmentationOptions recipe() {
  AugmentationOptions options;
  options.scale = {0.4, 1.0};
  options.color_jitter = {0.32, 0.32, 0.32, 0.08};
  options.color_jitter_probability = 0.8;
  options.gray_probability = 0.2;
  return options;
}

bool equal(const AugmentationParameters& a, const AugmentationParameters& b) {
  if (a.crop.left != b.crop.left || a.crop.top != b.crop.top || a.crop.width != b.crop.width ||
      a.crop.height != b.crop.height || a.gray != b.gray || a.colors.size() != b.colors.size()) {
    return false;
  }
  for (size_t i = 0; i < a.colors.size(); ++i) {
    if (a.colors[i].operation != b.colors[i].operation ||
        a.colors[i].amount != b.colors[i].amount) {
      return false;
    }
  }
  return true;
}

TEST(DrawAugmentation, DependsOnSeedEpochAndDrawOnly) {
  const auto draw = [](uint64_t seed, int64_t epoch, int64_t index) {
    return draw_augmentation(recipe(), 300, 400, seed, epoch, index);
  };
  const auto first = draw(1, 2, 3);
  draw(9, 9, 9);
  EXPECT_TRUE(equal(first, draw(1, 2, 3)));
  EXPECT_FALSE(equal(first, draw(2, 2, 3)));
  EXPECT_FALSE(equal(first, draw(1, 3, 3)));
  EXPECT_FALSE(equal(first, draw(1, 2, 4)));
}

// Means and standard deviations of 150,000 draws of torchvision's RandomResizedCrop.get_params for
// 120 x 80 pixels.
TEST(DrawAugmentation, CropsAreDistributedAsInTorchvision) {
  struct Moments {
    std::function<double(const Box&)> value;
    double mean, deviation;
  };
  const std::vector<Moments> expected = {
      {[](const Box& b) { return b.top; }, 4.5519, 4.6870},
      {[](const Box& b) { return b.left; }, 21.8309, 14.5415},
      {[](const Box& b) { return b.height; }, 70.8790, 6.3799},
      {[](const Box& b) { return b.width; }, 76.2798, 11.6084},
      {[](const Box& b) { return b.height * b.width / 9600.0; }, 0.56549, 0.11451},
      {[](const Box& b) { return std::log(static_cast<double>(b.width) / b.height); }, 0.06618,
       0.15490},
      {[](const Box& b) { return b.height == 80 && b.width == 107; }, 0.00192, 0.04378},
  };
  constexpr int kDraws = 40'000;
  std::vector<double> sums(expected.size());
  for (int i = 0; i < kDraws; ++i) {
    const Box crop = draw_augmentation(recipe(), 80, 120, 1, 0, i).crop;
    ASSERT_GE(crop.left, 0);
    ASSERT_GE(crop.top, 0);
    ASSERT_LE(crop.left + crop.width, 120);
    ASSERT_LE(crop.top + crop.height, 80);
    for (size_t k = 0; k < expected.size(); ++k) sums[k] += expected[k].value(crop);
  }
  for (size_t k = 0; k < expected.size(); ++k) {
    EXPECT_NEAR(sums[k] / kDraws, expected[k].mean, 5 * expected[k].deviation / std::sqrt(kDraws))
        << "moment " << k;
  }
}

TEST(DrawAugmentation, WithoutAFittingBoxTakesTheLargestCenteredBox) {
  AugmentationOptions options = recipe();
  options.scale = {1.0, 1.0};
  const Box wide = draw_augmentation(options, 30, 401, 1, 0, 0).crop;
  EXPECT_EQ(wide.height, 30);
  EXPECT_EQ(wide.width, 40);
  EXPECT_EQ(wide.top, 0);
  EXPECT_EQ(wide.left, 180);
  const Box tall = draw_augmentation(options, 401, 30, 1, 0, 0).crop;
  EXPECT_EQ(tall.width, 30);
  EXPECT_EQ(tall.height, 40);
  EXPECT_EQ(tall.left, 0);
  EXPECT_EQ(tall.top, 180);
  const Box pixel = draw_augmentation(options, 1, 1, 1, 0, 0).crop;
  EXPECT_EQ(pixel.width, 1);
  EXPECT_EQ(pixel.height, 1);
}

TEST(DrawAugmentation, JitterAndGrayHaveTheirProbabilities) {
  constexpr int kDraws = 20'000;
  int jittered = 0;
  int gray = 0;
  for (int i = 0; i < kDraws; ++i) {
    const auto parameters = draw_augmentation(recipe(), 64, 64, 5, 1, i);
    jittered += !parameters.colors.empty();
    gray += parameters.gray;
  }
  EXPECT_NEAR(jittered, 0.8 * kDraws, 5 * std::sqrt(kDraws * 0.16));
  EXPECT_NEAR(gray, 0.2 * kDraws, 5 * std::sqrt(kDraws * 0.16));
}

TEST(DrawAugmentation, JitterIsUniformInAmountAndOrder) {
  constexpr int kDraws = 24'000;
  AugmentationOptions options = recipe();
  options.color_jitter_probability = 1;
  options.color_jitter[0] = 1.5;  // factors are never negative
  std::map<std::vector<ColorOperation>, int> orders;
  std::map<ColorOperation, std::vector<double>> amounts;
  for (int i = 0; i < kDraws; ++i) {
    std::vector<ColorOperation> order;
    for (const auto& [operation, amount] : draw_augmentation(options, 64, 64, 5, 1, i).colors) {
      order.push_back(operation);
      amounts[operation].push_back(amount);
    }
    ++orders[order];
  }
  ASSERT_EQ(orders.size(), 24u);
  for (const auto& [order, count] : orders) EXPECT_NEAR(count, 1000, 5 * 31);
  const std::map<ColorOperation, std::array<double, 2>> ranges = {
      {ColorOperation::kBrightness, {0, 2.5}},
      {ColorOperation::kContrast, {0.68, 1.32}},
      {ColorOperation::kSaturation, {0.68, 1.32}},
      {ColorOperation::kHue, {-0.08, 0.08}}};
  for (const auto& [operation, range] : ranges) {
    ASSERT_EQ(amounts[operation].size(), static_cast<size_t>(kDraws));
    std::array<int, 10> histogram{};
    for (const double amount : amounts[operation]) {
      const double position = (amount - range[0]) / (range[1] - range[0]);
      ASSERT_GE(position, 0);
      ASSERT_LT(position, 1);
      ++histogram[static_cast<size_t>(position * 10)];
    }
    for (const int count : histogram) EXPECT_NEAR(count, kDraws / 10.0, 5 * 47);
  }
}

TEST(DrawAugmentation, StrengthZeroAdjustsNothing) {
  AugmentationOptions options = recipe();
  options.color_jitter_probability = 1;
  options.color_jitter = {0, 0.2, 0, 0};
  for (int i = 0; i < 100; ++i) {
    const auto colors = draw_augmentation(options, 64, 64, 5, 1, i).colors;
    ASSERT_EQ(colors.size(), 1u);
    EXPECT_EQ(colors[0].operation, ColorOperation::kContrast);
  }
}

TEST(DrawAugmentation, ColorSettingsDoNotMoveTheCrop) {
  const auto with = draw_augmentation(recipe(), 200, 300, 5, 1, 7);
  AugmentationOptions options = recipe();
  options.color_jitter_probability = 0;
  options.gray_probability = 0;
  auto without = draw_augmentation(options, 200, 300, 5, 1, 7);
  EXPECT_TRUE(without.colors.empty());
  EXPECT_FALSE(without.gray);
  without.colors = with.colors;
  without.gray = with.gray;
  EXPECT_TRUE(equal(with, without));
}

// Compares with golden images: tests/golden/make_golden.py applied the same crop boxes and color
// operations with torchvision.
class Augment : public testing::TestWithParam<std::pair<std::string, Box>> {
 protected:
  Image decoded() const { return golden_image(GetParam().first + ".decoded"); }
  void expect(const AugmentationParameters& parameters, const std::string& name) const {
    std::vector<uint8_t> memory(3 * 64 * 64);
    const Planes planes = planes_at(memory.data(), 64 * 64);
    augment(decoded(), parameters, 64, planes);
    expect_golden(from_planes(planes, 64, 64), GetParam().first + "." + name + ".uint8");
  }
};

TEST_P(Augment, CropEqualsTorchvision) { expect({GetParam().second, {}, false}, "resized_crop64"); }

TEST_P(Augment, GrayEqualsTorchvision) { expect({GetParam().second, {}, true}, "aug.grayscale"); }

TEST_P(Augment, JitterInGivenOrderEqualsTorchvision) {
  expect({GetParam().second,
          {{ColorOperation::kContrast, 1.2},
           {ColorOperation::kHue, 0.05},
           {ColorOperation::kBrightness, 0.8},
           {ColorOperation::kSaturation, 0.7}},
          false},
         "aug.jitter_c_h_b_s");
}

INSTANTIATE_TEST_SUITE_P(Images, Augment,
                         testing::Values(std::pair{std::string("a"), Box{20, 10, 75, 61}},
                                         std::pair{std::string("b"), Box{5, 33, 150, 190}}),
                         [](const auto& test) { return test.param.first; });

}  // namespace
}  // namespace dermatome
