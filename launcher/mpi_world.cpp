#include "launcher/mpi_world.h"

#include <mpi.h>

#include <array>

#include "launcher/deadline.h"
#include "launcher/exit_codes.h"
#include "src/core/error.h"
#include "src/core/log.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

Deadline time_to_meet(std::chrono::milliseconds timeout) {
  return {timeout,
          text("the ranks did not meet within ",
               format("%g", static_cast<double>(timeout.count()) / 1e3),
               " s (runtime.timeout_s): a rank ended before MPI_Init, its host does not answer, or "
               "the launcher hangs; look for the first error of another rank"),
          kExitPeerLost};
}

}  // namespace

bool started_by_mpi(const Environment& environment) {
  if (environment("OMPI_COMM_WORLD_SIZE") || environment("PMIX_RANK")) return true;
  // MPICH's and Intel MPI's mpirun: inside a Slurm job its helpers are tasks of srun, and the ranks
  // inherit their variables.
  if (environment("MPI_LOCALRANKID")) return true;
  return environment("PMI_RANK") && !environment("SLURM_STEP_ID");
}

std::string mpi_library() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> version{};
  int length = 0;
  MPI_Get_library_version(version.data(), &length);
  const std::string library = version.data();
  return library.substr(0, library.find_first_of(",\n"));
}

MpiSession::MpiSession(std::chrono::milliseconds timeout) : timeout_(timeout) {
  const Deadline deadline = time_to_meet(timeout);
  // Read before MPI_Init, which sets some of the variables itself where it knows of no other rank.
  const int started = announced_world(process_environment()).size;
  if (MPI_Init(nullptr, nullptr) != MPI_SUCCESS) throw CommunicationError("MPI_Init failed");
  int size = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  if (size >= started) return;
  throw ConfigError(
      text("the launcher started ", started, " ranks, but the MPI of this binary knows of ", size,
           ": ", mpi_library(),
           ". Use that MPI's own mpirun, or under Slurm srun --mpi=none, or build with "
           "the launcher's MPI (its mpicxx first on the PATH)"));
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
  const Deadline deadline = time_to_meet(timeout_);
  auto length = static_cast<int>(text.size());
  MPI_Bcast(&length, 1, MPI_INT, 0, MPI_COMM_WORLD);
  std::string shared = text;
  shared.resize(static_cast<size_t>(length));
  MPI_Bcast(shared.data(), length, MPI_CHAR, 0, MPI_COMM_WORLD);
  return shared;
}

}  // namespace dermatome
