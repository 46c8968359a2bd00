// Shows how far a long piece of work is, and when it will be done: as a live line where standard
// error is a terminal (src/core/live_line.h), else as a log line from time to time. Work that is
// done soon shows nothing. Of several ranks only rank 0 shows its work.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

#include "src/core/clock.h"
#include "src/core/thread_annotations.h"

namespace dermatome {

// A duration as people say it: "4.2 s", "42 s", "3 min 05 s", "2 h 07 min", "3 d 04 h".
std::string duration_text(double seconds);

class Progress {
 public:
  struct Times {
    std::chrono::milliseconds quiet = std::chrono::seconds(2);          // nothing is shown before
    std::chrono::milliseconds redraw = std::chrono::milliseconds(200);  // of the live line
    std::chrono::milliseconds log = std::chrono::seconds(30);           // between log lines
  };

  // `total` items, which a line calls `what`: "images encoded".
  Progress(std::string what, int64_t total);
  Progress(std::string what, int64_t total, const Times& times);
  // Removes the live line.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `count` more items are done; `skipped` of them took no time (found done). Any thread.
  void add(int64_t count, bool skipped = false);
  // Another line of the log has just said how far the work is: the next one can wait.
  void told();

 private:
  void show(int64_t done, Clock::time_point now) REQUIRES(mutex_);
  void remove() REQUIRES(mutex_);

  const std::string what_;
  const int64_t total_;
  const Times times_;
  const Clock::time_point start_ = Clock::now();
  std::atomic<int64_t> done_ = 0;
  std::atomic<int64_t> skipped_ = 0;
  Mutex mutex_;
  Clock::time_point last_drawn_ GUARDED_BY(mutex_) = start_;
  Clock::time_point last_logged_ GUARDED_BY(mutex_) = start_;
  bool is_drawn_ GUARDED_BY(mutex_) = false;
};

}  // namespace dermatome
