#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <mpi.h>

#include <chrono>
#include <iostream>
#include <optional>
#include <string>

#include "launcher/failure.h"
#include "src/core/log.h"
#include "src/distributed/rendezvous.h"
#include "tests/support/mpi_world.h"

namespace dermatome {
namespace {

World world;
std::optional<Rendezvous> rendezvous;

void start() {
  MPI_Init(nullptr, nullptr);
  MPI_Comm_rank(MPI_COMM_WORLD, &world.rank);
  MPI_Comm_size(MPI_COMM_WORLD, &world.size);
  world.local_rank = world.rank;
  world.local_size = world.size;
  char path[4096] = "";
  if (world.rank == 0 && world.size > 1) {
    const std::string created = create_store_file();
    created.copy(path, sizeof(path) - 1);
  }
  initialize_logging(world.rank, world.size);
  MPI_Bcast(path, sizeof(path), MPI_CHAR, 0, MPI_COMM_WORLD);
  world.store_file = path;
  rendezvous.emplace(world, std::chrono::seconds(30));
}

// Ranks above 0 print only failures, not the tests that they run.
class FailuresOnly : public testing::EmptyTestEventListener {
 public:
  void OnTestPartResult(const testing::TestPartResult& result) override {
    if (!result.failed()) return;
    std::cerr << "rank " << world.rank << ": "
              << (result.file_name() == nullptr ? "" : result.file_name()) << ":"
              << result.line_number() << ": " << result.message() << std::endl;
  }
};

int run_tests() {
  if (world.rank != 0) {
    auto& listeners = testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
    listeners.Append(new FailuresOnly);
  }
  // A test that throws leaves its peers waiting in a collective; the end of this process frees
  // them.
  testing::GTEST_FLAG(catch_exceptions) = false;
  const int own = RUN_ALL_TESTS() == 0 ? 0 : 1;
  int any = 0;
  MPI_Allreduce(&own, &any, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  if (own == 0 && any != 0 && world.rank == 0) {
    std::cerr << "the tests passed on rank 0 but failed on another rank (above)" << std::endl;
  }
  return any;
}

}  // namespace

const World& test_world() { return world; }

std::unique_ptr<Collectives> make_test_group() {
  static int count = 0;
  return rendezvous->connect("test group " + std::to_string(count++));
}

}  // namespace dermatome

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  at::set_num_threads(1);
  dermatome::end_at_uncaught_errors(
      dermatome::announced_world(dermatome::process_environment()).rank);
  dermatome::start();
  const int result = dermatome::run_tests();
  MPI_Barrier(MPI_COMM_WORLD);
  dermatome::rendezvous.reset();
  MPI_Finalize();
  return result;
}
