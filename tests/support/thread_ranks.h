// Ranks that are threads of the test's own process and communicate over Gloo.
#pragma once

#include <functional>

#include "src/distributed/collectives.h"

namespace dermatome {

// Calls `rank` on `num_ranks` threads, each with its own member of one group and one intra-op
// thread; collectives time out after 30 s. When all have ended, rethrows the error of the rank
// that failed first.
void run_ranks(int num_ranks, const std::function<void(Collectives&)>& rank);

}  // namespace dermatome
