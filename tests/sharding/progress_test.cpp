#include "sharding/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include "src/core/log.h"

namespace dermatome {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string log_of(const std::function<void()>& action) {
  testing::internal::CaptureStderr();
  initialize_logging(0, 1);
  action();
  return testing::internal::GetCapturedStderr();
}

TEST(Progress, SaysHowMuchIsDoneAndHowLongItTakes) {
  const std::string log = log_of([] {
    Progress progress("images", 8, std::chrono::milliseconds(0));
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    progress.add(2, /*skipped=*/true);
    progress.add(2);
  });
  EXPECT_THAT(log, AllOf(HasSubstr("4 of 8 images (50 %)"), HasSubstr("per second"),
                         HasSubstr("min left")));
}

TEST(Progress, IsSilentBetweenReportsAndAtTheEnd) {
  EXPECT_THAT(log_of([] {
                Progress progress("images", 4, std::chrono::hours(1));
                progress.add(2);
              }),
              IsEmpty());
  EXPECT_THAT(log_of([] {
                Progress progress("images", 4, std::chrono::milliseconds(0));
                progress.add(4);
              }),
              Not(HasSubstr("images")));
}

}  // namespace
}  // namespace dermatome
