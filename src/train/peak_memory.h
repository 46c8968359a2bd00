// How much memory a training has needed so far.
#pragma once

#include <c10/core/Device.h>

namespace dermatome {

// MiB. On a GPU: the most that tensors took there at a time. On the CPU: the largest resident size
// of this process.
double peak_memory_mib(c10::Device device);

}  // namespace dermatome
