// Loops for the vectors that the processor has.
#pragma once

// Marks a function whose loops are compiled twice, for the baseline and for wide vectors; which
// version runs is decided when the program starts. Both give the same bits: neither may fuse or
// reorder arithmetic. Without effect under the address sanitizer, whose start-up breaks on it.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__)
#define DERMATOME_WIDE_VECTORS __attribute__((target_clones("avx2", "default")))
#else
#define DERMATOME_WIDE_VECTORS
#endif
