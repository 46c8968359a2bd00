// Counts the allocations of a program, by any library and on any thread. Linked to a test, it
// replaces malloc and operator new.
#pragma once

#include <cstdint>

namespace dermatome {

struct AllocationCount {
  int64_t all = 0;           // calls of malloc, calloc and the like
  int64_t by_cplusplus = 0;  // calls of operator new, which C libraries do not call
};

// The number of allocations since the program began.
AllocationCount count_of_allocations();

}  // namespace dermatome
