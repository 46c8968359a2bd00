// The plain objective equals the recorded values, so it can be the reference for the real one.
#include "tests/support/plain_objective.h"

#include <gtest/gtest.h>

#include "tests/objective/golden_loss.h"

namespace dermatome {
namespace {

TEST(PlainObjective, EqualsEveryRecordedValueAndGradient) {
  const std::vector<GoldenLoss> losses = golden_losses();
  ASSERT_EQ(losses.size(), 59u);  // 7 released, 6 cases with 8 variants, one case with 4
  for (const GoldenLoss& golden : losses) {
    ASSERT_EQ(golden.expected.size(), 11u) << golden.name;
    expect_near(evaluate_plainly(golden.batch), golden.expected, 1e-9, golden.name);
  }
}

}  // namespace
}  // namespace dermatome
