#include "src/core/stop_signal.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace dermatome {
namespace {

// Each body runs in a process of its own, because handlers stay. Whoever started the tests may
// ignore these signals.
void watch() {
  for (const int signal : {SIGHUP, SIGINT}) std::signal(signal, SIG_DFL);
  watch_stop_signals();
}

void end_with(bool as_expected) { _exit(as_expected ? 0 : 1); }

void expect_well(void (*body)()) { EXPECT_EXIT(body(), testing::ExitedWithCode(0), ""); }

TEST(StopSignal, EachRequestIsNoticed) {
  expect_well([] {
    watch();
    end_with(!stop_signal_received());
  });
  for (const auto& [signal, cause] :
       {std::pair{SIGTERM, "on request (SIGTERM)"}, std::pair{SIGUSR1, "on request (SIGUSR1)"},
        std::pair{SIGINT, "on request (SIGINT)"}, std::pair{SIGHUP, "on request (SIGHUP)"}}) {
    EXPECT_EXIT(
        {
          watch();
          raise(signal);
          raise(SIGUSR1);  // the first signal counts
          end_with(stop_signal_received() && std::strcmp(stop_cause(), cause) == 0);
        },
        testing::ExitedWithCode(0), "")
        << signal;
  }
}

TEST(StopSignal, ASecondInterruptEndsTheProcess) {
  EXPECT_EXIT(
      {
        watch();
        raise(SIGINT);
        raise(SIGINT);
        end_with(true);
      },
      testing::KilledBySignal(SIGINT), "");
}

// The first of these may be Slurm's warning before its time limit, and the checkpoint is being
// written when the second comes.
TEST(StopSignal, OtherSignalsNeverEndTheProcess) {
  expect_well([] {
    watch();
    for (const int signal : {SIGUSR1, SIGTERM, SIGTERM, SIGHUP, SIGHUP, SIGINT}) raise(signal);
    end_with(stop_signal_received());
  });
}

TEST(StopSignal, WhatTheParentIgnoresStaysIgnored) {
  expect_well([] {
    std::signal(SIGHUP, SIG_IGN);  // as nohup does
    std::signal(SIGINT, SIG_IGN);
    watch_stop_signals();
    for (const int signal : {SIGHUP, SIGINT, SIGINT}) raise(signal);
    end_with(!stop_signal_received());
  });
}

TEST(StopSignal, ALogWithoutAReaderIsARequest) {
  expect_well([] {
    watch();
    int ends[2];
    if (pipe(ends) != 0 || dup2(ends[1], STDERR_FILENO) < 0) _exit(2);
    const bool before = stop_signal_received();
    close(ends[0]);
    end_with(!before && stop_signal_received() &&
             std::strcmp(stop_cause(), "because nobody reads its log any more") == 0);
  });
}

}  // namespace
}  // namespace dermatome
