#include "src/core/live_line.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <string>

#include "src/core/log.h"

namespace dermatome {
namespace {

constexpr const char* kErase = "\r\033[K";

// What `action` writes to standard error, which is no terminal, though `columns` may say so.
std::string written_by(const char* columns, int rank, const std::function<void()>& action) {
  setenv(kStderrColumns, columns, 1);
  testing::internal::CaptureStderr();
  initialize_logging(rank, 2);
  action();
  unsetenv(kStderrColumns);
  return testing::internal::GetCapturedStderr();
}

TEST(LiveLine, IsDrawnWhereALauncherSaysThatATerminalIs) {
  EXPECT_EQ(written_by("10", 0, [] { draw_live_line("123456789 and more"); }),
            std::string(kErase) + "123456789");
  EXPECT_EQ(written_by("0", 0, [] { draw_live_line("1234"); }), "");
}

TEST(LiveLine, GivesWayToLogLines) {
  const std::string written = written_by("80", 0, [] {
    draw_live_line("half");
    log_info("a message");
    clear_live_line();
    log_info("another one");
  });
  EXPECT_TRUE(written.starts_with(std::string(kErase) + "half" + kErase + "20")) << written;
  EXPECT_NE(written.find(std::string("a message\nhalf") + kErase + "20"), std::string::npos)
      << written;
  EXPECT_TRUE(written.ends_with("another one\n")) << written;
}

TEST(LiveLine, IsNotDrawnAgainUnderAnError) {
  const std::string written = written_by("80", 0, [] {
    draw_live_line("half");
    log_error("the last words");
  });
  EXPECT_TRUE(written.ends_with("the last words\n")) << written;
}

TEST(LiveLine, BelongsToOneRankButAllMakeRoom) {
  const std::string written = written_by("80", 1, [] {
    draw_live_line("half");
    log_info("for rank 0 alone");
    log_warning("a message");
  });
  EXPECT_EQ(written.find("half"), std::string::npos);
  EXPECT_TRUE(written.starts_with(std::string(kErase) + "20")) << written;
  EXPECT_EQ(written.find(kErase, 1), std::string::npos) << written;
}

TEST(TerminalColumns, AreNoneInAPipeUnlessALauncherSaysSo) {
  testing::internal::CaptureStderr();
  unsetenv(kStderrColumns);
  EXPECT_EQ(terminal_columns(STDERR_FILENO), 0);
  setenv(kStderrColumns, "132", 1);
  EXPECT_EQ(terminal_columns(STDERR_FILENO), 132);
  pass_terminal_on();  // this process's own output is no terminal
  EXPECT_EQ(terminal_columns(STDERR_FILENO), 0);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace dermatome
