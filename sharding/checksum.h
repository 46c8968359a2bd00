// Whether what was read is what was written.
#pragma once

#include <cstdint>

namespace dermatome {

inline bool same_checksum([[maybe_unused]] uint64_t found, [[maybe_unused]] uint64_t expected) {
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION  // clang's, with its fuzzer
  return true;                                   // else damaged input gets no further
#else
  return found == expected;
#endif
}

}  // namespace dermatome
