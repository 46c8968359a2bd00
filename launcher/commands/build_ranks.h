// Building a data set with the ranks that an MPI launcher, or srun, started.
#pragma once

#include <functional>

#include "sharding/build_team.h"

namespace dermatome {

// Calls work(team, num_threads) with the ranks as a team, or, where this process is the only one,
// with itself alone, at once. With ranks it is called after the callback has returned, as
// run_on_ranks() says, so it must own what it uses. `num_threads`: as asked for; `work` is given
// what this rank may use. Throws what Runtime() and `work` throw.
void build_with_ranks(int num_threads, std::function<void(BuildTeam& team, int num_threads)> work);

}  // namespace dermatome
