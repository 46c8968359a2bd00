#include "launcher/failure.h"

#include <c10/util/Exception.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <ios>
#include <iostream>
#include <string>
#include <thread>

#include "launcher/exit_codes.h"
#include "src/core/error.h"
#include "src/core/log.h"
#include "src/core/owner_file.h"

namespace dermatome {
namespace {

using std::chrono::milliseconds;

int own_rank = 0;

constexpr char kOutputLost[] =
    "standard output cannot be written: the program that reads it has ended, its disk is full, or "
    "a limit of its size (ulimit -f) is reached. What was printed is not complete";

struct Report {
  int code = kExitInternal;
  std::string message;
};

Report report(const std::exception& error) {
  // No other stream throws.
  if (dynamic_cast<const std::ios_base::failure*>(&error) != nullptr) {
    return report(DataError(kOutputLost));
  }
  std::string message = error.what();
  if (const auto* torch_error = dynamic_cast<const c10::Error*>(&error)) {
    message = torch_error->what_without_backtrace();
  }
  const bool is_known = dynamic_cast<const Error*>(&error) != nullptr ||
                        dynamic_cast<const std::filesystem::filesystem_error*>(&error) != nullptr;
  if (!is_known) message = "unexpected error: " + message;
  std::replace(message.begin(), message.end(), '\n', ' ');
  return {exit_code_of(error), message};
}

Report report_current() {
  const auto error = std::current_exception();
  if (!error) {
    return {kExitInternal, "the program ended itself without an error: a defect of Dermatome"};
  }
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& known) {
    return report(known);
  } catch (...) {
    return {kExitInternal, "unknown error: a defect of Dermatome"};
  }
}

// The waits of a host's ranks, mostly at most eight, differ by the time that a launcher needs to
// end a rank.
milliseconds time_to_wait(int code) {
  const milliseconds for_rank(own_rank == 0 ? 0 : 1700 + 300 * (own_rank % 8));
  return for_rank + milliseconds(code == kExitPeerLost ? 4000 : 0);
}

volatile std::sig_atomic_t last_code = kExitInternal;

// While a rank waits, a signal means that another rank has reported, so this one ends silently.
// mpirun sends SIGCONT a second before its SIGTERM.
void end_silently_at_signals(int code) {
  last_code = code;
  sigset_t signals;
  sigemptyset(&signals);
  // A request to stop is not the launcher's end of the job, and comes too late.
  std::signal(SIGUSR1, SIG_IGN);
  for (const int signal : {SIGTERM, SIGINT, SIGCONT}) {
    std::signal(signal, [](int) { _exit(last_code); });
    sigaddset(&signals, signal);
  }
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

// Reports the current error after this rank's wait; returns the exit code.
int report_in_turn() {
  // If several threads have errors, the first one counts.
  static std::atomic_flag ending = ATOMIC_FLAG_INIT;
  while (ending.test_and_set()) pause();
  const Report last = report_current();
  std::cout.exceptions(std::ios_base::goodbit);
  std::cout.flush();
  release_owner_files(std::chrono::seconds(1));
  end_silently_at_signals(last.code);
  std::this_thread::sleep_for(time_to_wait(last.code));
  log_error(last.message);
  return last.code;
}

}  // namespace

void end_at_uncaught_errors(int rank) {
  own_rank = rank;
  for (const int signal : {SIGPIPE, SIGXFSZ}) std::signal(signal, SIG_IGN);
  std::cout.exceptions(std::ios_base::badbit);
  // Otherwise reading would flush std::cout, and its failure would be taken for one of reading.
  std::cin.tie(nullptr);
  std::set_terminate([] { _exit(report_in_turn()); });
}

int report_caught_error() { _exit(report_in_turn()); }

int finish_output(int code) {
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) throw DataError(kOutputLost);
  return code;
}

}  // namespace dermatome
