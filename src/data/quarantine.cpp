#include "src/data/quarantine.h"

#include "src/core/error.h"
#include "src/core/log.h"
#include "src/core/text.h"

namespace dermatome {

void Quarantine::add(int64_t sample, const std::string& reason) {
  const MutexLock lock(mutex_);
  if (!samples_.insert(sample).second) return;
  if (std::ssize(samples_) > max_records_) {
    throw DataError(text(reason, "; data.max_corrupt allows ", max_records_,
                         " such record(s) per rank and start"));
  }
  log_warning("left out, another sample takes its place: " + reason);
}

}  // namespace dermatome
