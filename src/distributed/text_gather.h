// Gives every rank the texts of all ranks, which may have different lengths.
#pragma once

#include <c10/core/Device.h>

#include <string>
#include <vector>

#include "src/distributed/collectives.h"

namespace dermatome {

// Returns every rank's `text`, in rank order. A collective call. `group` exchanges tensors on
// `device`; `what` names the texts in errors.
std::vector<std::string> gather_texts(const std::string& text, Collectives& group,
                                      const std::string& what, c10::Device device = c10::kCPU);

}  // namespace dermatome
