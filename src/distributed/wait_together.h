// Waiting for one rank.
#pragma once

#include <c10/core/Device.h>

#include <functional>
#include <string>

#include "src/distributed/collectives.h"

namespace dermatome {

// All ranks return when rank 0's `ready` says true; it is called on rank 0 alone, again and again,
// and may take a second or two each time. In between the ranks meet, so that nobody waits for
// longer than that in one collective. A collective call.
void wait_together(Collectives& collectives, c10::Device device, const std::function<bool()>& ready,
                   const std::string& what);

}  // namespace dermatome
