// Whether all ranks were started alike. Nothing else would notice ranks that differ: they exchange
// tensors of equal shapes that belong to different models, or wait for each other for ever.
#pragma once

#include <c10/core/Device.h>

#include <string>
#include <vector>

#include "src/distributed/collectives.h"

namespace dermatome {

// Something that must be the same on every rank.
struct RankFact {
  std::string what;       // as a message names it: a setting's key, or "the data of data.train"
  std::string value;      // compared byte by byte
  bool is_shown = false;  // in messages; a hash says nothing to a reader
};

// Throws ConfigError, the same on every rank, unless all ranks give the same facts in the same
// order; the message names ranks and facts ("rank 2 differs from rank 0 in: seed (2, not 1)") and
// ends with `remedy`. A collective call: one gather of 16 bytes, and only where ranks differ one of
// the facts themselves. The first one has that shape in every version of Dermatome, so that two
// versions can still compare themselves. `device`: of the tensors that `group` carries.
void compare_ranks(const std::vector<RankFact>& facts, Collectives& group, c10::Device device,
                   const std::string& remedy);

}  // namespace dermatome
