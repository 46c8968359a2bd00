#include "launcher/deadline.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <thread>

#include "launcher/exit_codes.h"
#include "src/core/log.h"

namespace dermatome {
namespace {

using std::chrono::milliseconds;

void wait_behind_deadline(int code) {
  std::printf("printed before\n");
  initialize_logging(0, 1);
  const Deadline deadline(milliseconds(20), "the peer hangs", code);
  std::this_thread::sleep_for(std::chrono::seconds(60));
}

TEST(DeadlineDeathTest, EndsTheProcessWithItsMessageAndCode) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(wait_behind_deadline(kExitPeerLost), testing::ExitedWithCode(kExitPeerLost),
              "error.*the peer hangs");
  EXPECT_EXIT(wait_behind_deadline(kExitOk), testing::ExitedWithCode(kExitOk),
              "warn.*the peer hangs");
}

TEST(Deadline, IsLiftedByItsEnd) {
  { const Deadline deadline(milliseconds(50), "must not happen", kExitInternal); }
  std::this_thread::sleep_for(milliseconds(100));
}

}  // namespace
}  // namespace dermatome
