#include "src/distributed/rank_comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "src/core/error.h"
#include "tests/support/thread_ranks.h"

namespace dermatome {
namespace {

using Facts = std::vector<RankFact>;
using FactsOfRank = std::function<Facts(int rank)>;

// The message of the error on every rank; empty for a rank without an error.
std::vector<std::string> refusals(int num_ranks, const FactsOfRank& facts_of) {
  std::vector<std::string> refusals(num_ranks);
  run_ranks(num_ranks, [&](Collectives& group) {
    try {
      compare_ranks(facts_of(group.rank()), group, c10::kCPU, "start them alike");
    } catch (const ConfigError& error) {
      refusals[group.rank()] = error.what();
    }
  });
  return refusals;
}

RankFact shown(const std::string& what, const std::string& value) {
  return {what, value, /*is_shown=*/true};
}

TEST(CompareRanks, PassesRanksThatAreAlike) {
  for (const int ranks : {1, 2, 3}) {
    for (const Facts& facts : {Facts{}, Facts{shown("seed", "1"), {"weights", "abc"}}}) {
      EXPECT_THAT(refusals(ranks, [&](int) { return facts; }), testing::Each(""));
    }
  }
}

TEST(CompareRanks, TellsEveryRankWhichRanksDifferInWhat) {
  const auto facts_of = [](int rank) {
    return Facts{shown("seed", rank == 1 ? "2" : "1"),
                 {"weights", rank == 1 ? "abc" : "def"},
                 shown("batch_size", "12")};
  };
  for (const int ranks : {2, 3}) {
    EXPECT_THAT(
        refusals(ranks, facts_of),
        testing::Each("rank 1 differs from rank 0 in: seed (2, not 1), weights; start them alike"));
  }
}

TEST(CompareRanks, NamesRanksThatDifferInTheSameWayTogether) {
  const auto odd_root = [](int rank) { return Facts{shown("seed", rank == 0 ? "2" : "1")}; };
  EXPECT_EQ(refusals(3, odd_root)[2],
            "ranks 1, 2 differ from rank 0 in: seed (1, not 2); start them alike");
  const auto all_different = [](int rank) { return Facts{shown("seed", std::to_string(rank))}; };
  EXPECT_EQ(refusals(3, all_different)[0],
            "rank 1 differs from rank 0 in: seed (1, not 0); rank 2 differs from rank 0 in: seed "
            "(2, not 0); start them alike");
}

TEST(CompareRanks, NamesFactsThatOnlyOneRankHas) {
  const auto facts_of = [](int rank) {
    return rank == 0 ? Facts{shown("old", "1"), shown("seed", "1")}
                     : Facts{shown("seed", "1"), shown("new", "2")};
  };
  EXPECT_EQ(refusals(2, facts_of)[1],
            "rank 1 differs from rank 0 in: new (which only it has), old (which it does not have); "
            "start them alike");
}

TEST(CompareRanks, StaysShort) {
  const auto facts_of = [](int rank) {
    Facts facts;
    for (int i = 0; i < 100; ++i) {
      facts.push_back(shown("key " + std::to_string(i), std::string(1000, rank == 0 ? 'a' : 'b')));
    }
    return facts;
  };
  const std::string refusal = refusals(2, facts_of)[0];
  EXPECT_THAT(refusal, testing::HasSubstr(" and 88 more; "));
  EXPECT_LT(refusal.size(), 4000);
}

}  // namespace
}  // namespace dermatome
