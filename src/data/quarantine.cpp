#include "src/data/quarantine.h"

#include "src/core/error.h"
#include "src/core/log.h"

namespace dermatome {

void Quarantine::add(int64_t sample, const std::string& reason) {
  const MutexLock lock(mutex_);
  if (!samples_.insert(sample).second) return;
  if (std::ssize(samples_) > max_records_) {
    throw DataError(reason + "; data.max_corrupt allows " + std::to_string(max_records_) +
                    " such record(s) a rank and start");
  }
  log_warning("left out, another sample stands in: " + reason);
}

}  // namespace dermatome
