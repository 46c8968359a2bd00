#include "src/core/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <thread>

#include "src/core/live_line.h"
#include "src/core/log.h"

namespace dermatome {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::AllOf;
using testing::ContainsRegex;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr Progress::Times kAtOnce = {milliseconds(0), milliseconds(0), milliseconds(0)};

std::string shown_by(const std::function<void()>& action, const char* columns = "0") {
  setenv(kStderrColumns, columns, 1);
  testing::internal::CaptureStderr();
  initialize_logging(0, 1);
  action();
  unsetenv(kStderrColumns);
  return testing::internal::GetCapturedStderr();
}

void half_of_the_images() {
  Progress progress("images", 8, kAtOnce);
  std::this_thread::sleep_for(milliseconds(5));
  progress.add(2, /*skipped=*/true);
  progress.add(2);
}

TEST(Progress, SaysHowMuchIsDoneAndHowLongItTakes) {
  EXPECT_THAT(shown_by(half_of_the_images),
              AllOf(HasSubstr("4 of 8 images (50 %)"), HasSubstr("per second"),
                    ContainsRegex(", about [0-9][.][0-9] s left\n"), Not(HasSubstr("\r"))));
}

TEST(Progress, IsALineThatGoesAwayOnATerminal) {
  EXPECT_THAT(shown_by(half_of_the_images, "120"),
              AllOf(HasSubstr("\r\033[K[##########..........] 4 of 8 images (50 %)"),
                    EndsWith("\r\033[K"), Not(HasSubstr("\n"))));
}

TEST(Progress, IsSilentBetweenReportsAndAtTheEnd) {
  for (const char* columns : {"0", "80"}) {
    EXPECT_THAT(shown_by(
                    [] {
                      Progress progress("images", 4, {milliseconds(0), hours(1), hours(1)});
                      progress.add(2);
                    },
                    columns),
                IsEmpty());
    EXPECT_THAT(shown_by(
                    [] {
                      Progress progress("images", 4, kAtOnce);
                      progress.add(4);
                    },
                    columns),
                IsEmpty());
  }
}

TEST(Progress, IsSilentAboutWorkThatIsDoneSoon) {
  for (const char* columns : {"0", "80"}) {
    EXPECT_THAT(shown_by(
                    [] {
                      Progress progress("images", 4, {hours(1), milliseconds(0), milliseconds(0)});
                      progress.add(2);
                    },
                    columns),
                IsEmpty());
  }
}

TEST(DurationText, SaysWhatPeopleSay) {
  EXPECT_EQ(duration_text(-1), "0.0 s");
  EXPECT_EQ(duration_text(0.449), "0.4 s");
  EXPECT_EQ(duration_text(9.94), "9.9 s");
  EXPECT_EQ(duration_text(9.96), "10 s");
  EXPECT_EQ(duration_text(59.4), "59 s");
  EXPECT_EQ(duration_text(185), "3 min 05 s");
  EXPECT_EQ(duration_text(2 * 3600 + 7 * 60), "2 h 07 min");
  EXPECT_EQ(duration_text(3 * 86400 + 4 * 3600 + 120), "3 d 04 h");
}

}  // namespace
}  // namespace dermatome
