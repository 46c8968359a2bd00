// Checks that all ranks were started alike. Nothing else would notice a difference: ranks would
// exchange tensors of equal shapes of different models, or wait for each other forever.
#pragma once

#include <c10/core/Device.h>

#include <string>
#include <vector>

#include "src/core/rank_facts.h"
#include "src/distributed/collectives.h"

namespace dermatome {

// Throws ConfigError, the same on every rank, unless all ranks give the same facts in the same
// order; the message names ranks and facts ("rank 2 differs from rank 0 in: seed (2, not 1)") and
// ends with `remedy`. A collective call: it gathers 16 bytes per rank, and the facts themselves
// only if ranks differ. The first gather has this shape in every version of Dermatome, so that
// ranks of different versions can still be compared. `group` exchanges tensors on `device`.
void compare_ranks(const std::vector<RankFact>& facts, Collectives& group, c10::Device device,
                   const std::string& remedy);

}  // namespace dermatome
