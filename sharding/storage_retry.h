// Storage that is away for a moment is waited for; storage that stays away is an error.
#pragma once

#include <cstddef>
#include <utility>

#include "src/core/error.h"

namespace dermatome {

// A failure of the storage that may be over in a moment; its message names the file.
class StorageFailure : public DataError {
 public:
  using DataError::DataError;
};

// Whether `error`, of errno, is one of those that file systems behind a network give for a while.
bool may_pass(int error);

// Warns of `failure` and waits before the next try, longer each time; `retries` is how many there
// were. Throws DataError when there were enough: 4, in 8.5 s.
void wait_for_storage(const StorageFailure& failure, size_t retries);

// What `attempt` returns, called again after every StorageFailure until those are too many.
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
