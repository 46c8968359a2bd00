// Logs from time to time how far a long piece of work is.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

#include "src/core/clock.h"
#include "src/core/thread_annotations.h"

namespace dermatome {

class Progress {
 public:
  // `total` items, called `what` in the log, at most one line every `interval`.
  Progress(std::string what, int64_t total,
           std::chrono::milliseconds interval = std::chrono::seconds(10));

  // `count` more items are done; `skipped` of them took no time (found done). Any thread.
  void add(int64_t count, bool skipped = false);

 private:
  const std::string what_;
  const int64_t total_;
  const std::chrono::milliseconds interval_;
  const Clock::time_point start_ = Clock::now();
  std::atomic<int64_t> done_ = 0;
  std::atomic<int64_t> skipped_ = 0;
  Mutex mutex_;
  Clock::time_point last_line_ GUARDED_BY(mutex_) = start_;
};

}  // namespace dermatome
