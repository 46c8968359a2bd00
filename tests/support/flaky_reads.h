// A file system that does not answer. Test programs link to flaky_reads for it, which takes the
// place of the C library's pread().
#pragma once

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

}  // namespace dermatome
