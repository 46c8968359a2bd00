#include "tests/support/allocation_watch.h"

#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace dermatome {
namespace {

class Watch : public c10::MemoryReportingInfoBase {
 public:
  // A negative size says that the memory was freed.
  void reportMemoryUsage(void* memory, int64_t bytes, size_t /*total_allocated*/,
                         size_t /*total_reserved*/, c10::Device device) override {
    if (!device.is_cpu()) return;
    const std::lock_guard lock(mutex_);
    if (bytes > 0) {
      live_[memory] = bytes;
      live_bytes_ += bytes;
      seen_.largest = std::max(seen_.largest, bytes);
      seen_.peak = std::max(seen_.peak, live_bytes_);
    } else if (const auto found = live_.find(memory); found != live_.end()) {
      live_bytes_ -= found->second;
      live_.erase(found);
    }
  }

  bool memoryProfilingEnabled() const override { return true; }

  Allocations seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
  }

 private:
  mutable std::mutex mutex_;
  std::unordered_map<void*, int64_t> live_;
  int64_t live_bytes_ = 0;
  Allocations seen_;
};

}  // namespace

Allocations watch_allocations(const std::function<void()>& work) {
  const auto watch = std::make_shared<Watch>();
  {
    const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, watch);
    work();
  }
  return watch->seen();
}

}  // namespace dermatome
