// Damaged records that a training has met and leaves out.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "src/core/thread_annotations.h"

namespace dermatome {

// May be used from any number of threads.
class Quarantine {
 public:
  explicit Quarantine(int64_t max_records) : max_records_(max_records) {}

  // Notes that `sample` cannot be used; `reason` names it and says why. Warns the first time.
  // Throws DataError when there are more than `max_records`.
  void add(int64_t sample, const std::string& reason);

 private:
  const int64_t max_records_;
  Mutex mutex_;
  std::set<int64_t> samples_ GUARDED_BY(mutex_);
};

}  // namespace dermatome
