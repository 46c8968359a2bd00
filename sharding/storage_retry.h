// Storage that is away for a moment is waited for; storage that stays away is an error.
#pragma once

#include <cstddef>
#include <string>

#include "src/core/error.h"

namespace dermatome {

// A failure of the storage that may be over in a moment; its message names the file.
class StorageFailure : public DataError {
 public:
  using DataError::DataError;
};

// A file that is opened again was there before: if it cannot be found, its storage is away.
enum class Opening { kFirst, kAgain };

// Whether `error`, a value of errno, is one that file systems behind a network give for a while.
bool may_pass(int error);

// Throws for `problem`, a file that cannot be opened: StorageFailure when `error`, a value of
// errno, may pass or the file is opened again, else DataError, which ends with `remedy`.
[[noreturn]] void fail_to_open(const std::string& problem, int error, Opening opening,
                               const char* remedy);

// Warns of `failure` and waits before the next try, longer each time; `retries` is how many
// there were. Throws StorageLost after 4 of them, which take 8.5 s.
void wait_for_storage(const StorageFailure& failure, size_t retries);

// What `attempt` returns. It is called again after a StorageFailure, until that is too often.
template <typename Attempt>
auto retry_storage(Attempt&& attempt) {
  for (size_t retries = 0;; ++retries) {
    try {
      return attempt();
    } catch (const StorageFailure& failure) {
      wait_for_storage(failure, retries);
    }
  }
}

}  // namespace dermatome
