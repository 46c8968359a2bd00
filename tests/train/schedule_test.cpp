#include "src/train/schedule.h"

#include <gtest/gtest.h>

#include "tests/support/golden.h"

namespace dermatome {
namespace {

TEST(CosineLearningRate, EqualsTheRecordedSchedule) {
  const auto golden = read_golden_json("optim.json");
  const auto& rates = golden.at("lr");
  ASSERT_EQ(rates.size(), 50u);
  for (size_t step = 0; step < rates.size(); ++step) {
    const double expected = rates[step];
    EXPECT_NEAR(cosine_learning_rate(golden.at("base_lr"), golden.at("warmup"), golden.at("total"),
                                     static_cast<int64_t>(step)),
                expected, 1e-12 * expected)
        << "step " << step;
  }
}

TEST(CosineLearningRate, StartsAtThePeakWithoutWarmUp) {
  EXPECT_DOUBLE_EQ(cosine_learning_rate(0.5, 0, 10, 0), 0.5);
}

}  // namespace
}  // namespace dermatome
