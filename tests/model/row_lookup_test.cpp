#include "src/model/row_lookup.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/golden.h"

namespace dermatome {
namespace {

TEST(RowLookup, IsIndexSelectWithItsGradient) {
  at::manual_seed(3);
  const at::Tensor rows = at::randn({5, 7}, at::kDouble), index = at::randint(5, {23}, at::kLong);
  const at::Tensor weights = at::randn({23, 7}, at::kDouble).to(at::kFloat);
  const at::Tensor ours = rows.to(at::kFloat).requires_grad_();
  const at::Tensor theirs = rows.to(at::kFloat).requires_grad_();
  const at::Tensor found = look_up_rows(ours, index), expected = theirs.index_select(0, index);
  EXPECT_TRUE(at::equal(found, expected));
  (found * weights).sum().backward();
  (expected * weights).sum().backward();
  EXPECT_LE(relative_difference(ours.grad(), theirs.grad()), 1e-6);
}

// In bf16, a sum of thousands of terms soon stops growing.
TEST(RowLookup, SumsTheGradientsOfBf16InFloat) {
  constexpr int64_t kPositions = 4000;
  at::manual_seed(4);
  const at::Tensor rows = at::zeros({1, 8}, at::kBFloat16).requires_grad_();
  const at::Tensor weights = (at::randn({kPositions, 8}) + 0.5).to(at::kBFloat16);
  const at::Tensor found = look_up_rows(rows, at::zeros({kPositions}, at::kLong));
  EXPECT_EQ(found.scalar_type(), at::kBFloat16);
  (found * weights).sum().backward();
  EXPECT_EQ(rows.grad().scalar_type(), at::kBFloat16);
  EXPECT_LE(relative_difference(rows.grad(), weights.to(at::kDouble).sum(0, true)), 1.0 / 256);
}

}  // namespace
}  // namespace dermatome
