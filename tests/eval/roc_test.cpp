#include "src/eval/roc.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/golden.h"

namespace dermatome {
namespace {

TEST(RocCurve, CountsTiesHalf) {
  const auto expected = read_golden_json("metrics.json").at("auroc_ties");
  const auto scores = expected.at("scores").get<std::vector<double>>();
  const auto labels = expected.at("labels").get<std::vector<uint8_t>>();
  const RocCurve curve(scores, labels);
  EXPECT_NEAR(curve.area(std::vector<double>(scores.size(), 1)), expected.at("auroc"), 1e-12);
}

TEST(RocCurve, IsNotANumberIfOnlyOneClassHasWeight) {
  const std::vector<double> scores = {0.1, 0.2, 0.3};
  const std::vector<uint8_t> positive = {1, 1, 0};
  const RocCurve curve(scores, positive);
  EXPECT_TRUE(std::isnan(curve.area(std::vector<double>{1, 1, 0})));
  EXPECT_EQ(curve.area(std::vector<double>{1, 0, 1}), 0);
}

TEST(RocCurve, WeightsPairs) {
  const std::vector<double> scores = {1, 2, 3};
  const std::vector<uint8_t> positive = {0, 1, 0};
  // The positive beats the first negative (weight 3) and loses to the last one (weight 1).
  EXPECT_DOUBLE_EQ(RocCurve(scores, positive).area(std::vector<double>{3, 5, 1}), 0.75);
}

}  // namespace
}  // namespace dermatome
