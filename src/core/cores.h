// The processor cores that this process may run on. A launcher may allow fewer than the machine
// has.
#pragma once

#include <vector>

namespace dermatome {

// Their numbers, ascending; at least one.
std::vector<int> allowed_cores();

}  // namespace dermatome
