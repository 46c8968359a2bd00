// Loops for the vectors that the processor has.
#pragma once

// Marks a function whose loops are compiled for wide vectors besides the baseline's; which version
// runs is decided when the program starts. All give the same bits: no version may fuse or reorder
// arithmetic. Without it under the address sanitizer, whose start-up does not stand the decision.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__)
#define DERMATOME_WIDE_VECTORS __attribute__((target_clones("avx2", "default")))
#else
#define DERMATOME_WIDE_VECTORS
#endif
