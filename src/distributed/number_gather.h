// A few numbers of every rank, for all of them.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <string>
#include <vector>

#include "src/distributed/collectives.h"

namespace dermatome {

// result[i][rank] is number i of that rank; all bring as many. A collective call that waits for the
// result; `device`: of the tensors that `group` carries. `what` names the numbers in errors.
std::vector<std::vector<int64_t>> gather_numbers(const std::vector<int64_t>& numbers,
                                                 Collectives& group, c10::Device device,
                                                 const std::string& what);

}  // namespace dermatome
