#include "launcher/runtime.h"

#include <gtest/gtest.h>

#include <map>

#include "launcher/cores.h"
#include "src/distributed/single_process.h"
#include "tests/support/thread_ranks.h"

namespace dermatome {
namespace {

bool by_mpi(const std::map<std::string, std::string>& variables) {
  return started_by_mpi([&](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
}

TEST(StartedByMpi, KnowsItsLaunchers) {
  EXPECT_FALSE(by_mpi({}));
  EXPECT_FALSE(by_mpi({{"RANK", "0"}, {"WORLD_SIZE", "2"}}));
  EXPECT_TRUE(by_mpi({{"OMPI_COMM_WORLD_SIZE", "2"}, {"SLURM_STEP_ID", "0"}}));
  EXPECT_TRUE(by_mpi({{"PMIX_RANK", "0"}, {"SLURM_STEP_ID", "0"}}));
  EXPECT_TRUE(by_mpi({{"PMI_RANK", "0"}}));
  EXPECT_FALSE(by_mpi({{"PMI_RANK", "0"}, {"SLURM_STEP_ID", "0"}})) << "srun without PMIx";
}

TEST(ShareCores, DividesThemAmongTheRanksThatMayUseTheSame) {
  const int allowed = share_cores(0, *make_single_process_collectives()).num_allowed;
  for (const int num_ranks : {1, 2, 3}) {
    run_ranks(num_ranks, [&](Collectives& group) {
      const CoreShare share = share_cores(0, group);
      ASSERT_EQ(share.num_allowed, allowed);
      ASSERT_EQ(share.num_sharing, group.size());
      ASSERT_EQ(share.num_threads, std::max(1, allowed / group.size()));
      ASSERT_TRUE(share.is_alike);
    });
  }
}

TEST(ShareCores, TakesTheNumberAskedForAndNoticesDifferences) {
  run_ranks(2, [](Collectives& group) {
    const CoreShare share = share_cores(3 + group.rank(), group);
    ASSERT_EQ(share.num_threads, 3 + group.rank());
    ASSERT_FALSE(share.is_alike);
  });
}

TEST(Runtime, OfOneProcessNeedsNoLauncher) {
  RuntimeOptions options;
  options.device = DeviceChoice::kCpu;
  options.threads = 1;
  Runtime runtime(options);
  EXPECT_EQ(runtime.world().size, 1);
  EXPECT_EQ(runtime.collectives().size(), 1);
  EXPECT_TRUE(runtime.device().is_cpu());
}

}  // namespace
}  // namespace dermatome
