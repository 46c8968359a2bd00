#include "src/distributed/collectives.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "src/core/error.h"
#include "tests/support/thread_ranks.h"

namespace dermatome {
namespace {

const std::vector<at::ScalarType> kTypes = {at::kFloat, at::kDouble, at::kBFloat16,
                                            at::kLong,  at::kByte,   at::kInt};

class CollectivesOn : public testing::TestWithParam<int> {};

TEST_P(CollectivesOn, AllGatherPutsRanksInOrderForEveryType) {
  auto types = kTypes;
  types.push_back(at::kBool);
  run_ranks(GetParam(), [&](Collectives& group) {
    for (const at::ScalarType type : types) {
      const at::Tensor input = at::full({2, 3}, group.rank() % 2, type);
      at::Tensor output = at::empty({2 * group.size(), 3}, type);
      group.all_gather(output, input, "rows")->wait();
      const at::Tensor expected =
          at::arange(group.size()).remainder(2).repeat_interleave(2).unsqueeze(1).expand({-1, 3});
      ASSERT_TRUE(at::equal(output, expected.to(type))) << toString(type);
    }
  });
}

TEST_P(CollectivesOn, AllReduceSumsEveryType) {
  run_ranks(GetParam(), [&](Collectives& group) {
    for (const at::ScalarType type : kTypes) {
      at::Tensor values = at::arange(7).add(group.rank()).to(type);
      group.all_reduce_sum(values, "values")->wait();
      const int64_t ranks = group.size();
      const at::Tensor expected = at::arange(7).mul(ranks).add(ranks * (ranks - 1) / 2).to(type);
      ASSERT_TRUE(at::equal(values, expected)) << toString(type);
    }
  });
}

TEST_P(CollectivesOn, AllReduceGivesTheSameBitsOnEveryRank) {
  run_ranks(GetParam(), [&](Collectives& group) {
    at::Tensor values = at::arange(1001, at::kFloat).mul(0.1).add(group.rank()).sin();
    group.all_reduce_sum(values, "values")->wait();
    at::Tensor all = at::empty({group.size() * values.numel()}, at::kFloat);
    group.all_gather(all, values, "sums")->wait();
    for (const at::Tensor& other : all.chunk(group.size())) ASSERT_TRUE(at::equal(other, values));
  });
}

TEST_P(CollectivesOn, BroadcastTakesTheRootsValues) {
  run_ranks(GetParam(), [&](Collectives& group) {
    const int root = group.size() - 1;
    at::Tensor values = at::full({3}, group.rank(), at::kLong);
    group.broadcast(values, root, "values");
    ASSERT_TRUE(at::equal(values, at::full({3}, root, at::kLong)));
    group.barrier("end");
  });
}

TEST_P(CollectivesOn, EmptyTensorsAreNoTrouble) {
  run_ranks(GetParam(), [&](Collectives& group) {
    at::Tensor nothing = at::empty({0, 4});
    group.all_gather(at::empty({0, 4}), nothing, "nothing")->wait();
    group.all_reduce_sum(nothing, "nothing")->wait();
    group.broadcast(nothing, 0, "nothing");
  });
}

TEST_P(CollectivesOn, SeveralOperationsMayBeUnderWay) {
  run_ranks(GetParam(), [&](Collectives& group) {
    std::vector<at::Tensor> sums;
    std::vector<std::unique_ptr<PendingCollective>> pending;
    for (int64_t i = 0; i < 8; ++i) {
      sums.push_back(at::full({1000 * (i + 1)}, i, at::kFloat));
      pending.push_back(group.all_reduce_sum(sums.back(), "part " + std::to_string(i)));
    }
    for (const auto& each : pending) each->wait();
    for (int64_t i = 0; i < 8; ++i) {
      ASSERT_TRUE(at::equal(sums[i], at::full({1000 * (i + 1)}, i * group.size(), at::kFloat)));
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Ranks, CollectivesOn, testing::Values(1, 2, 3, 4));

TEST(Collectives, AMissingPeerIsNamedWithOperationAndShape) {
  try {
    run_ranks(2, [](Collectives& group) {
      if (group.rank() == 1) return;
      group.all_reduce_sum(at::ones({2, 3}), "text features")->wait();
    });
    FAIL() << "no error";
  } catch (const CommunicationError& error) {
    EXPECT_THAT(error.what(), testing::AllOf(testing::HasSubstr("rank 0 of 2"),
                                             testing::HasSubstr("all-reduce of text features"),
                                             testing::HasSubstr("[2, 3] float")));
  }
}

TEST(RunRanks, RethrowsTheFirstError) {
  EXPECT_THROW(run_ranks(3,
                         [](Collectives& group) {
                           if (group.rank() == 2) throw std::domain_error("first");
                           group.barrier("never passed");
                         }),
               std::domain_error);
}

}  // namespace
}  // namespace dermatome
