// A file system that does not answer, or answers slowly. Test programs link flaky_reads for it,
// which replaces the C library's pread().
#pragma once

#include <chrono>

namespace dermatome {

// While an object lives, no call of pread() returns.
class StalledReads {
 public:
  StalledReads();
  ~StalledReads();
  StalledReads(const StalledReads&) = delete;
  StalledReads& operator=(const StalledReads&) = delete;

  static int num_waiting();  // calls of pread() that wait
};

// While an object lives, every call of pread() takes `time` longer.
class SlowReads {
 public:
  explicit SlowReads(std::chrono::milliseconds time);
  ~SlowReads();
  SlowReads(const SlowReads&) = delete;
  SlowReads& operator=(const SlowReads&) = delete;
};

}  // namespace dermatome
