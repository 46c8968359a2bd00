// Measures the memory that a piece of code allocates for tensors on the CPU.
#pragma once

#include <cstdint>
#include <functional>

namespace dermatome {

struct Allocations {
  int64_t largest = 0;  // bytes of the largest tensor
  int64_t peak = 0;     // largest number of bytes that lived at once
};

// Calls `work` and watches the calling thread, on which the backward pass of a graph on the CPU
// runs too. Memory that was allocated before does not count, even when `work` frees it.
Allocations watch_allocations(const std::function<void()>& work);

}  // namespace dermatome
