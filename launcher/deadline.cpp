#include "launcher/deadline.h"

#include <unistd.h>

#include <cstdio>
#include <utility>

#include "launcher/exit_codes.h"
#include "src/core/log.h"

namespace dermatome {

Deadline::Deadline(std::chrono::milliseconds limit, std::string message, int code)
    : watch_([this, limit, message = std::move(message), code](const std::stop_token& stop) {
        {
          MutexLock lock(mutex_);
          lifted_.wait_for(lock, stop, limit, [] { return false; });
        }
        if (stop.stop_requested()) return;
        if (code == kExitOk) {
          log_warning(message);
        } else {
          log_error(message);
        }
        std::fflush(stdout);
        _exit(code);
      }) {}

Deadline::~Deadline() {
  watch_.request_stop();
  watch_.join();
}

}  // namespace dermatome
