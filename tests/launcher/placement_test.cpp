#include "launcher/placement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/core/error.h"
#include "src/core/log.h"
#include "src/distributed/single_process.h"
#include "tests/support/thread_ranks.h"

namespace dermatome {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

Placement on(const std::string& host, const std::string& device) {
  return {host, "0-3", 4, device, "eth0"};
}

TEST(Placement, IsKnownToAllRanks) {
  const Placement alone = local_placement(c10::kCPU, "127.0.0.1");
  EXPECT_THAT(gather_placements(alone, *make_single_process_collectives()), ElementsAre(alone));
  run_ranks(3, [](Collectives& group) {
    // The texts of the ranks have different lengths.
    const auto own = [](int rank) {
      return Placement{"host", "0", 1, "cpu", std::string(5 * rank, 'x')};
    };
    ASSERT_THAT(gather_placements(own(group.rank()), group), ElementsAre(own(0), own(1), own(2)));
  });
}

TEST(Placement, DividesCoresAmongTheRanksThatShareThem) {
  std::vector<Placement> ranks = {on("a", "cpu"), on("a", "cpu"), on("b", "cpu"), on("a", "cpu")};
  ranks[3].cores = "4-7";
  EXPECT_EQ(num_sharing_cores(ranks, 0), 2);
  EXPECT_EQ(num_sharing_cores(ranks, 2), 1) << "another host";
  EXPECT_EQ(num_sharing_cores(ranks, 3), 1) << "other cores";
  EXPECT_EQ(num_threads(ranks, 1, 0), 2);
  EXPECT_EQ(num_threads(ranks, 2, 0), 4);
  EXPECT_EQ(num_threads(ranks, 1, 3), 3);
  const std::vector<Placement> crowd(6, on("a", "cpu"));
  EXPECT_EQ(num_threads(crowd, 0, 0), 1);
}

TEST(Placement, WarnsOfMoreThreadsThanCores) {
  const std::vector<Placement> ranks = {on("b", "cpu"), on("a", "cpu"), on("a", "cpu")};
  EXPECT_EQ(warn_of_threads(ranks, 0), "");
  EXPECT_EQ(warn_of_threads(ranks, 2), "");
  EXPECT_THAT(warn_of_threads(ranks, 3), StartsWith("rank 1: more threads than cores"));
}

TEST(Placement, IsOnGpusForAllRanksOrForNone) {
  check_same_devices({on("a", "cpu"), on("b", "cpu")});
  check_same_devices({on("a", "cuda:0"), on("a", "cuda:1")});
  EXPECT_THAT(
      [] {
        check_same_devices({on("a", "cuda:0"), on("a", "cuda:1"), on("b", "cpu")});
      },
      testing::ThrowsMessage<ConfigError>(
          StartsWith("rank 2 on host b works on cpu, but rank 0 on host a on cuda:0; set "
                     "the same runtime.device")));
}

TEST(Placement, IsDescribedRankByRank) {
  EXPECT_THAT(describe({on("a", "cuda:0"), on("a", "cpu")}, 0),
              ElementsAre("rank 0: host a, cuda:0, 4 core(s) (0-3) shared by 2 ranks, 2 thread(s), "
                          "NCCL over eth0",
                          "rank 1: host a, cpu, 4 core(s) (0-3) shared by 2 ranks, 2 thread(s), "
                          "Gloo over eth0"));
  const Placement alone{"a", "2", 1, "cpu", ""};
  EXPECT_THAT(describe({alone}, 0),
              ElementsAre("rank 0: host a, cpu, 1 core(s) (2), 1 thread(s), no communication"));
}

TEST(Placement, OfManyRanksIsDescribedByKind) {
  std::vector<Placement> ranks;
  for (int rank = 0; rank < 40; ++rank) {
    ranks.push_back(on(format("n%d", rank), rank == 7 ? "cpu" : "cuda:0"));
  }
  const auto lines = describe(ranks, 0);
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_EQ(lines[0],
            "1 rank(s), the first is rank 7 on host n7: cpu, 4 core(s) (0-3), 4 thread(s), Gloo");
  EXPECT_THAT(lines[1], StartsWith("39 rank(s), the first is rank 0 on host n0: cuda:0"));
}

}  // namespace
}  // namespace dermatome
