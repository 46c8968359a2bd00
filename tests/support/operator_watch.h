// Which operators a piece of code calls.
#pragma once

#include <ATen/record_function.h>

#include <functional>

namespace dermatome {

// Calls `work`, and `see` at every operator that it calls on this thread, on which the backward
// pass of a graph on the CPU runs too. `in_kernel` is true within another operator that has its own
// kernel for the CPU; there other devices may call other operators. Calls must not be nested.
void watch_operators(
    const std::function<void()>& work,
    const std::function<void(const at::RecordFunction& function, bool in_kernel)>& see);

}  // namespace dermatome
