// A file system that does not answer, or slowly. Test programs link to flaky_reads for it, which
// takes the place of the C library's pread().
#pragma once

#include <chrono>

namespace dermatome {

// While it lives no call of pread() returns.
class StalledReads {
 public:
  StalledReads();
  ~StalledReads();
  StalledReads(const StalledReads&) = delete;
  StalledReads& operator=(const StalledReads&) = delete;

  static int num_waiting();  // calls that have come since
};

// While it lives every call of pread() takes that long.
class SlowReads {
 public:
  explicit SlowReads(std::chrono::milliseconds time);
  ~SlowReads();
  SlowReads(const SlowReads&) = delete;
  SlowReads& operator=(const SlowReads&) = delete;
};

}  // namespace dermatome
