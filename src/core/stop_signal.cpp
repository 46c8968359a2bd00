#include "src/core/stop_signal.h"

#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>

namespace dermatome {
namespace {

std::atomic<bool> watched{false};
std::atomic<int> received{0};  // the first signal; 0: none
std::atomic<bool> interrupted{false};
std::atomic<bool> on_terminal{false};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free,
              "the handlers may only touch lock-free atomics");

void on_signal(int signal) {
  int none = 0;
  received.compare_exchange_strong(none, signal);
}

void on_interrupt(int signal) {
  if (interrupted.exchange(true)) {
    // Takes effect when this handler returns.
    std::signal(signal, SIG_DFL);
    raise(signal);
    return;
  }
  on_signal(signal);
  // First, a progress bar that may be drawn on this line is erased.
  constexpr char kSaid[] = "\r\033[Kasked to stop; asking again ends this process at once\n";
  if (!on_terminal) return;
  const int interrupted_errno = errno;  // of the work that this handler interrupts
  [[maybe_unused]] const ssize_t put = write(STDERR_FILENO, kSaid, sizeof(kSaid) - 1);
  errno = interrupted_errno;
}

void handle(int signal, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigaction(signal, &action, nullptr);
}

bool is_ignored(int signal) {
  struct sigaction action = {};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

// Whether standard error is a pipe that nobody reads any more, or a terminal that was closed.
bool log_lost_its_reader() {
  pollfd log = {STDERR_FILENO, 0, 0};
  return poll(&log, 1, 0) > 0 && (log.revents & (POLLERR | POLLHUP)) != 0;
}

}  // namespace

void watch_stop_signals() {
  if (watched.exchange(true)) return;
  on_terminal = isatty(STDERR_FILENO) == 1;
  for (const int signal : {SIGTERM, SIGUSR1}) handle(signal, on_signal);
  if (!is_ignored(SIGHUP)) handle(SIGHUP, on_signal);
  if (!is_ignored(SIGINT)) handle(SIGINT, on_interrupt);
}

bool stop_signal_received() { return received != 0 || (watched && log_lost_its_reader()); }

const char* stop_cause() {
  switch (received) {
    case SIGHUP:
      return "on request (SIGHUP)";
    case SIGINT:
      return "on request (SIGINT)";
    case SIGTERM:
      return "on request (SIGTERM)";
    case SIGUSR1:
      return "on request (SIGUSR1)";
    default:
      return log_lost_its_reader() ? "because nobody reads its log any more" : "on request";
  }
}

}  // namespace dermatome
