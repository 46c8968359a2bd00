#include "src/distributed/own_together.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "src/core/error.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/thread_ranks.h"

namespace dermatome {
namespace {

TEST(OwnTogether, RankZeroOwnsAndTheOthersWaitForIt) {
  const auto file = scratch_folder() / "owner.json";
  run_ranks(3, [&file](Collectives& group) {
    const auto owner = own_together(
        [&file] {
          // Longer than one look of the ranks.
          std::this_thread::sleep_for(std::chrono::milliseconds(1200));
          return std::make_unique<OwnerFile>(file, OwnerWords{"tried", "wait"});
        },
        group, c10::kCPU, "owner");
    EXPECT_EQ(owner != nullptr, group.rank() == 0);
    EXPECT_TRUE(std::filesystem::exists(file));
    group.barrier("all have looked");
  });
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST(OwnTogether, ARefusalIsThrownOnRankZero) {
  run_ranks(2, [](Collectives& group) {
    const auto own = [&group] {
      return own_together(
          []() -> std::unique_ptr<OwnerFile> { throw ConfigError("is already tried"); }, group,
          c10::kCPU, "owner");
    };
    if (group.rank() == 0) {
      EXPECT_THROW(own(), ConfigError);
    } else {
      EXPECT_EQ(own(), nullptr);
    }
  });
}

}  // namespace
}  // namespace dermatome
