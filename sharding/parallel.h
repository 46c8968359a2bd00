// A loop over independent items on several threads.
#pragma once

#include <cstdint>
#include <functional>

namespace dermatome {

// Calls body(i) once for every i in [0, count), in any order, from `num_threads` threads (0: one
// for every core that the process may run on), and returns when all are done. After an exception no
// new item is begun; of several exceptions the lowest item's is rethrown.
void parallel_for(int64_t count, int num_threads, const std::function<void(int64_t)>& body);

}  // namespace dermatome
