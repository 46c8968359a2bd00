#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "src/core/error.h"
#include "src/distributed/collectives.h"
#include "tests/support/thread_ranks.h"

namespace dermatome {
namespace {

class RowGatherOn : public testing::TestWithParam<int> {};

TEST_P(RowGatherOn, ConcatenatesUnevenCounts) {
  run_ranks(GetParam(), [&](Collectives& group) {
    // Rank 1 has no rows.
    const std::vector<int64_t> all_counts = {3, 0, 2, 5};
    std::vector<int64_t> counts(all_counts.begin(), all_counts.begin() + group.size());
    std::vector<at::Tensor> expected;
    for (int r = 0; r < group.size(); ++r) expected.push_back(at::full({counts[r], 2}, r + 0.5));
    RowGather gather(group, expected[group.rank()], counts, "rows");
    ASSERT_TRUE(at::equal(gather.finish(), at::cat(expected)));
  });
}

TEST_P(RowGatherOn, TakesEvenCountsAndNoRows) {
  run_ranks(GetParam(), [&](Collectives& group) {
    const std::vector<int64_t> counts(group.size(), 2);
    RowGather even(group, at::full({2}, group.rank(), at::kLong), counts, "rows");
    ASSERT_TRUE(at::equal(even.finish(), at::arange(group.size()).repeat_interleave(2)));
    RowGather none(group, at::empty({0, 3}), std::vector<int64_t>(group.size(), 0), "no rows");
    ASSERT_EQ(none.finish().sizes(), at::IntArrayRef({0, 3}));
  });
}

INSTANTIATE_TEST_SUITE_P(Ranks, RowGatherOn, testing::Values(1, 2, 3, 4));

TEST(RowGather, RefusesAWrongCount) {
  EXPECT_THROW(run_ranks(1, [](Collectives& group) { RowGather(group, at::ones({2}), {3}, "x"); }),
               InternalError);
}

}  // namespace
}  // namespace dermatome
