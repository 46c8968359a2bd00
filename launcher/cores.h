// How many threads a rank should use.
#pragma once

#include <cstdint>

#include "src/distributed/collectives.h"

namespace dermatome {

struct CoreShare {
  int num_allowed = 1;   // cores this rank may run on
  int num_sharing = 1;   // ranks of this machine that may run on the very same cores
  int num_threads = 1;   // this rank's threads
  bool is_alike = true;  // every rank has the same figures
};

// Every rank calls it. `asked`: threads a rank; 0 divides the allowed cores among the ranks that
// share them. `group` carries CPU tensors.
CoreShare share_cores(int64_t asked, Collectives& group);

}  // namespace dermatome
