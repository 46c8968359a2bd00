// Building a data set with the ranks that an MPI launcher, or srun, started.
#pragma once

#include <functional>

#include "sharding/build_team.h"

namespace dermatome {

// Calls work(team, num_threads) with the ranks as a team. A process that is alone calls it at once;
// with several ranks it is called after the callback has returned (see run_on_ranks()), so it must
// own what it uses. `num_threads`: the number asked for; `work` gets the number that this rank may
// use. Throws what Runtime() and `work` throw.
void build_with_ranks(int num_threads, std::function<void(BuildTeam& team, int num_threads)> work);

}  // namespace dermatome
