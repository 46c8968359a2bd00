// Describes who takes part in a run: this process's rank among `size` ranks, and where they meet.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace dermatome {

struct World {
  int rank = 0;
  int size = 1;
  int local_rank = 0;  // among the ranks of this machine
  int local_size = 1;
  // On one machine the ranks may meet in a file (see create_store_file()), which needs neither
  // network nor name service.
  std::string store_file;
  // Without it they meet at a store that rank 0 serves.
  std::string master_host = "127.0.0.1";
  uint16_t master_port = 0;  // 0 on rank 0: any free port
  // Another process (torchrun's agent) serves the store; otherwise rank 0 does.
  bool store_is_served = false;
  // Keeps this run's keys apart from other keys in a store that outlives the run.
  std::string store_prefix;
};

// Reads a variable of the environment; a parameter so that tests need not change the process's own.
using Environment = std::function<std::optional<std::string>(const std::string&)>;
Environment process_environment();

// torchrun's variables (RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE, MASTER_ADDR, MASTER_PORT)
// or, without them, those that srun gives the tasks of a step (SLURM_PROCID,
// SLURM_STEP_NUM_TASKS, SLURM_LOCALID, SLURM_NODEID, SLURM_STEP_TASKS_PER_NODE, the first host of
// SLURM_STEP_NODELIST, a port made from SLURM_JOB_ID and SLURM_STEP_ID); nullopt when neither is
// set. The shell of a batch script is not a task of a step. Throws ConfigError naming the variable
// that is missing, malformed or contradicts another.
std::optional<World> world_from_environment(const Environment& environment);

// Rank and size (nothing else) from the variables of Open MPI, PMIx, torchrun, PMI or srun, for use
// before the ranks have met. Missing or malformed variables are not an error here: without any the
// result is a single process, and an unknown size is the smallest possible.
World announced_world(const Environment& environment);

}  // namespace dermatome
