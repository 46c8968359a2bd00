// Ends the process if a call that cannot be interrupted does not return in time.
//
// MPI_Init and MPI_Finalize wait without a limit for ranks that ended before them, and for
// launchers that hang.
#pragma once

#include <chrono>
#include <string>
#include <thread>

#include "src/core/thread_annotations.h"

namespace dermatome {

class Deadline {
 public:
  // If the object still exists after `limit`, the process logs `message`, as an error unless `code`
  // is 0, and ends with `code`. What was printed is written before.
  Deadline(std::chrono::milliseconds limit, std::string message, int code);
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

 private:
  Mutex mutex_;
  ConditionVariable lifted_;
  std::jthread watch_;
};

}  // namespace dermatome
