#include "launcher/mpi_session.h"

#include <mpi.h>
#include <unistd.h>

#include <array>

#include "src/core/error.h"

namespace dermatome {

bool started_by_mpi(const Environment& environment) {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK"}) {
    if (environment(name)) return true;
  }
  return false;
}

MpiSession::MpiSession() {
  if (MPI_Init(nullptr, nullptr) != MPI_SUCCESS) throw CommunicationError("MPI_Init failed");
}

MpiSession::~MpiSession() { MPI_Finalize(); }

World MpiSession::world() const {
  World world;
  MPI_Comm_rank(MPI_COMM_WORLD, &world.rank);
  MPI_Comm_size(MPI_COMM_WORLD, &world.size);
  MPI_Comm node = MPI_COMM_NULL;
  MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, world.rank, MPI_INFO_NULL, &node);
  MPI_Comm_rank(node, &world.local_rank);
  MPI_Comm_size(node, &world.local_size);
  MPI_Comm_free(&node);
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  MPI_Bcast(host.data(), static_cast<int>(host.size()), MPI_CHAR, 0, MPI_COMM_WORLD);
  // On one machine the name need not resolve.
  if (world.local_size < world.size) world.master_host = host.data();
  return world;
}

uint16_t MpiSession::share_port(uint16_t port) const {
  MPI_Bcast(&port, 1, MPI_UINT16_T, 0, MPI_COMM_WORLD);
  return port;
}

}  // namespace dermatome
