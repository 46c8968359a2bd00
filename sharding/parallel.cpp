#include "sharding/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "src/core/cores.h"
#include "src/core/error.h"

namespace dermatome {

void parallel_for(int64_t count, int num_threads, const std::function<void(int64_t)>& body) {
  require(num_threads >= 0, "a negative number of threads");
  if (num_threads == 0) num_threads = static_cast<int>(allowed_cores().size());
  std::atomic<int64_t> next{0};
  std::mutex mutex;
  std::exception_ptr error;
  int64_t failed = count;
  const auto work = [&] {
    for (int64_t item = next++; item < count; item = next++) {
      try {
        body(item);
      } catch (...) {
        next = count;
        const std::lock_guard lock(mutex);
        if (item < failed) {
          failed = item;
          error = std::current_exception();
        }
      }
    }
  };
  {
    std::vector<std::jthread> helpers;
    const int64_t num_helpers = std::min<int64_t>(num_threads, count) - 1;
    for (int64_t i = 0; i < num_helpers; ++i) helpers.emplace_back(work);
    work();
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace dermatome
