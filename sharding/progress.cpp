#include "sharding/progress.h"

#include <algorithm>
#include <cinttypes>
#include <mutex>
#include <utility>

#include "src/core/log.h"

namespace dermatome {

Progress::Progress(std::string what, int64_t total, std::chrono::milliseconds interval)
    : what_(std::move(what)), total_(total), interval_(interval) {}

void Progress::add(int64_t count, bool skipped) {
  const int64_t done = done_ += count;
  if (skipped) skipped_ += count;
  if (!mutex_.try_lock()) return;  // another thread looks at the clock
  const MutexLock lock(mutex_, std::adopt_lock);
  const auto now = Clock::now();
  if (now - last_line_ < interval_ || done >= total_) return;
  last_line_ = now;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double rate = static_cast<double>(done - skipped_) / seconds;
  const double left = static_cast<double>(total_ - done) / std::max(rate, 1e-9);
  log_info(format("%" PRId64 " of %" PRId64 " %s (%.0f %%), %.1f per second, about %.1f min left",
                  done, total_, what_.c_str(),
                  100.0 * static_cast<double>(done) / static_cast<double>(total_), rate,
                  left / 60));
}

}  // namespace dermatome
