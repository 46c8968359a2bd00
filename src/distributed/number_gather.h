// Gives every rank a few numbers of all ranks.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <string>
#include <vector>

#include "src/distributed/collectives.h"

namespace dermatome {

// Returns result[i][rank], number i of that rank; all ranks give equally many numbers. A collective
// call that waits for the result. `group` exchanges tensors on `device`; `what` names the numbers
// in errors.
std::vector<std::vector<int64_t>> gather_numbers(const std::vector<int64_t>& numbers,
                                                 Collectives& group, c10::Device device,
                                                 const std::string& what);

}  // namespace dermatome
