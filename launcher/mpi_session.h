// MPI as the way ranks learn of each other; once the port of the store is shared, nothing uses it
// any more.
#pragma once

#include <cstdint>

#include "src/distributed/world.h"

namespace dermatome {

// Whether an MPI or PMIx launcher started this process; only then is MPI initialised at all.
bool started_by_mpi(const Environment& environment);

class MpiSession {
 public:
  MpiSession();
  // Finalises MPI. Not reached on the error path: MPI_Finalize can wait for a peer that hangs.
  ~MpiSession();
  MpiSession(const MpiSession&) = delete;
  MpiSession& operator=(const MpiSession&) = delete;

  // Rank, size, local rank and rank 0's host; the port is still 0.
  World world() const;
  // Rank 0's `port`, on every rank.
  uint16_t share_port(uint16_t port) const;
};

}  // namespace dermatome
