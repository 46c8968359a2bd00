// Collectives of one process: copies, no communication.
#pragma once

#include <memory>

#include "src/distributed/collectives.h"

namespace dermatome {

std::unique_ptr<Collectives> make_single_process_collectives();

}  // namespace dermatome
