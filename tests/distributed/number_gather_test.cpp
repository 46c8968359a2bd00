#include "src/distributed/number_gather.h"

#include <gtest/gtest.h>

#include "tests/support/thread_ranks.h"

namespace dermatome {
namespace {

TEST(GatherNumbers, GivesEveryNumberOfEveryRank) {
  for (const int ranks : {1, 3}) {
    run_ranks(ranks, [&](Collectives& group) {
      const int64_t rank = group.rank();
      const auto gathered = gather_numbers({rank, -7, 100 + rank}, group, c10::kCPU, "numbers");
      ASSERT_EQ(gathered.size(), 3);
      for (const auto& of_ranks : gathered) ASSERT_EQ(of_ranks.size(), static_cast<size_t>(ranks));
      for (int64_t r = 0; r < ranks; ++r) {
        const auto place = static_cast<size_t>(r);
        EXPECT_EQ(gathered[0][place], r);
        EXPECT_EQ(gathered[1][place], -7);
        EXPECT_EQ(gathered[2][place], 100 + r);
      }
    });
  }
}

}  // namespace
}  // namespace dermatome
