#include "src/core/cores.h"

#include <sched.h>

#include <cerrno>
#include <memory>

#include "src/core/error.h"

namespace dermatome {

std::vector<int> allowed_cores() {
  // The kernel refuses a set that is smaller than its own, and does not tell the size of its own.
  for (int size = CPU_SETSIZE;; size *= 2) {
    const std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> set(
        CPU_ALLOC(size), [](cpu_set_t* allocated) { CPU_FREE(allocated); });
    const size_t bytes = CPU_ALLOC_SIZE(size);
    if (sched_getaffinity(0, bytes, set.get()) != 0) {
      require(errno == EINVAL, "sched_getaffinity failed");
      continue;
    }
    std::vector<int> cores;
    for (int core = 0; core < size; ++core) {
      if (CPU_ISSET_S(core, bytes, set.get())) cores.push_back(core);
    }
    return cores;
  }
}

}  // namespace dermatome
