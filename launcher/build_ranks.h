// Building a data set with the ranks that an MPI launcher, or srun, started.
#pragma once

#include <functional>

#include "sharding/build_team.h"

namespace dermatome {

// Calls `work` with the ranks as a team, or, where this process is the only one, with itself alone.
// `num_threads`, as asked for, becomes what this rank may use. Throws what Runtime() and `work`
// throw.
void build_with_ranks(int& num_threads, const std::function<void(BuildTeam&)>& work);

}  // namespace dermatome
