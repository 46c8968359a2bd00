// Who takes part: this process's rank among `size`, and where rank 0's store listens.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace dermatome {

struct World {
  int rank = 0;
  int size = 1;
  int local_rank = 0;   // among the ranks of this machine
  int local_size = 1;
  std::string master_host = "127.0.0.1";
  uint16_t master_port = 0;   // 0 with size 1 only
};

// Reads a variable of the environment; a parameter so that tests need not change the process's own.
using Environment = std::function<std::optional<std::string>(const std::string&)>;
Environment process_environment();

// torchrun's variables (RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE, MASTER_ADDR, MASTER_PORT) or, without them,
// srun's (SLURM_PROCID, SLURM_NTASKS, SLURM_LOCALID, SLURM_STEP_TASKS_PER_NODE, SLURM_STEP_NODELIST's first host,
// port from SLURM_JOB_ID); nullopt when neither is set. Throws ConfigError for incomplete or contradictory ones.
std::optional<World> world_from_environment(const Environment& environment);

}  // namespace dermatome
