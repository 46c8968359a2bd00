// Lets all ranks wait for rank 0.
#pragma once

#include <c10/core/Device.h>

#include <functional>
#include <string>

#include "src/distributed/collectives.h"

namespace dermatome {

// All ranks return when rank 0's `ready` returns true. Only rank 0 calls it, again and again; each
// call may take a second or two. After each call the ranks meet, so that no rank waits longer than
// one call in one collective. A collective call.
void wait_together(Collectives& collectives, c10::Device device, const std::function<bool()>& ready,
                   const std::string& what);

}  // namespace dermatome
