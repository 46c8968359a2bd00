#include "sharding/parallel.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace dermatome {
namespace {

TEST(ParallelFor, VisitsEveryItemOnce) {
  for (const int num_threads : {0, 1, 3, 50}) {
    std::vector<std::atomic<int>> visits(37);
    parallel_for(37, num_threads, [&](int64_t i) { ++visits[i]; });
    for (const auto& count : visits) EXPECT_EQ(count, 1);
  }
  parallel_for(0, 4, [](int64_t) { FAIL(); });
}

TEST(ParallelFor, UsesAThreadForEveryAllowedCore) {
  cpu_set_t allowed;
  ASSERT_EQ(sched_getaffinity(0, sizeof allowed, &allowed), 0);
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  const auto caller = std::this_thread::get_id();
  std::atomic<int> elsewhere = 0;
  parallel_for(1000, 0, [&](int64_t) { elsewhere += std::this_thread::get_id() != caller; });
  EXPECT_EQ(elsewhere, 0);
  ASSERT_EQ(sched_setaffinity(0, sizeof allowed, &allowed), 0);
}

TEST(ParallelFor, RethrowsAnErrorAndStopsSoon) {
  for (const int num_threads : {1, 4}) {
    std::atomic<int64_t> visits = 0;
    try {
      parallel_for(1'000'000, num_threads, [&](int64_t i) {
        ++visits;
        if (i == 5) throw std::runtime_error("item " + std::to_string(i));
      });
      FAIL() << "no error";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "item 5");
    }
    EXPECT_LT(visits, 1'000'000);
  }
}

}  // namespace
}  // namespace dermatome
