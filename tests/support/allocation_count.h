// Counts what a program allocates, by whatever library, on whatever thread: linked to a test, it
// takes malloc's and operator new's place.
#pragma once

#include <cstdint>

namespace dermatome {

struct AllocationCount {
  int64_t all = 0;           // calls of malloc and its like
  int64_t by_cplusplus = 0;  // those of operator new, which C libraries do not call
};

// Since the program began.
AllocationCount count_of_allocations();

}  // namespace dermatome
