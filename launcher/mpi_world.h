// MPI tells ranks of each other. Once they have met, nothing uses it until the end.
#pragma once

#include <chrono>
#include <string>

#include "src/distributed/world.h"

namespace dermatome {

// Whether an MPI or PMIx launcher started this process; only then is MPI initialized at all. srun
// without PMIx does not count: Open MPI cannot talk to Slurm's older interfaces.
bool started_by_mpi(const Environment& environment);

// The MPI library of this binary and its version, as it names itself. Needs no MpiSession.
std::string mpi_library();

class MpiSession {
 public:
  // `timeout`: if the other ranks do not come for so long, here or in share(), the process ends
  // with kExitPeerLost. Throws ConfigError if this MPI knows of fewer ranks than were started: the
  // launcher is that of another MPI, and every rank would train alone.
  explicit MpiSession(std::chrono::milliseconds timeout);
  // Finalizes MPI. Not reached on the error path: MPI_Finalize can wait for a peer that hangs.
  ~MpiSession();
  MpiSession(const MpiSession&) = delete;
  MpiSession& operator=(const MpiSession&) = delete;

  // Rank, size, local rank and local size.
  World world() const;
  // Returns rank 0's `text` on every rank.
  std::string share(const std::string& text) const;

 private:
  std::chrono::milliseconds timeout_;
};

}  // namespace dermatome
