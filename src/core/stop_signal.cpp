#include "src/core/stop_signal.h"

#include <atomic>
#include <csignal>

namespace dermatome {
namespace {

std::atomic<bool> received{false};
static_assert(std::atomic<bool>::is_always_lock_free,
              "the handler may only touch lock-free atomics");

void on_signal(int) { received = true; }

}  // namespace

void watch_stop_signals() {
  struct sigaction action = {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  for (const int signal : {SIGTERM, SIGUSR1}) sigaction(signal, &action, nullptr);
}

bool stop_signal_received() { return received; }

}  // namespace dermatome
