#include "launcher/mpi_world.h"

#include <mpi.h>

#include "src/core/error.h"

namespace dermatome {

bool started_by_mpi(const Environment& environment) {
  if (environment("OMPI_COMM_WORLD_SIZE") || environment("PMIX_RANK")) return true;
  return environment("PMI_RANK") && !environment("SLURM_STEP_ID");
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
  return world;
}

std::string MpiSession::share(const std::string& text) const {
  auto length = static_cast<int>(text.size());
  MPI_Bcast(&length, 1, MPI_INT, 0, MPI_COMM_WORLD);
  std::string shared = text;
  shared.resize(static_cast<size_t>(length));
  MPI_Bcast(shared.data(), length, MPI_CHAR, 0, MPI_COMM_WORLD);
  return shared;
}

}  // namespace dermatome
