#include "src/core/cores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <thread>

namespace dermatome {
namespace {

TEST(AllowedCores, AreTheCoresThatALauncherLeft) {
  const std::vector<int> all = allowed_cores();
  ASSERT_FALSE(all.empty());
  // Runs on a thread of its own, so that the other tests keep their cores.
  std::thread([&] {
    cpu_set_t last;
    CPU_ZERO(&last);
    CPU_SET(all.back(), &last);
    ASSERT_EQ(sched_setaffinity(0, sizeof last, &last), 0);
    EXPECT_THAT(allowed_cores(), testing::ElementsAre(all.back()));
  }).join();
}

}  // namespace
}  // namespace dermatome
