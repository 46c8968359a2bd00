// Lets rank 0 own a folder while the other ranks wait.
#pragma once

#include <c10/core/Device.h>

#include <functional>
#include <memory>
#include <string>

#include "src/core/owner_file.h"
#include "src/distributed/collectives.h"

namespace dermatome {

// Returns what `claim` returns on rank 0, the only one that calls it, and null on the other ranks.
// It may take as long as it needs for a sign of life from another owner: no rank waits long in one
// collective. A collective call. Throws on rank 0 what `claim` throws.
std::unique_ptr<OwnerFile> own_together(const std::function<std::unique_ptr<OwnerFile>()>& claim,
                                        Collectives& collectives, c10::Device device,
                                        const std::string& what);

}  // namespace dermatome
