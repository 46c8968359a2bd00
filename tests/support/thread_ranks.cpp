#include "tests/support/thread_ranks.h"

#include <ATen/Parallel.h>

#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "src/distributed/rendezvous.h"

namespace dermatome {
namespace {

// What the ranks share: the port that rank 0 chose and the first error.
struct Shared {
  std::promise<uint16_t> port;
  std::shared_future<uint16_t> chosen_port{port.get_future()};
  std::mutex mutex;
  std::exception_ptr first_error;

  void report(int rank, bool port_is_known) {
    const std::lock_guard lock(mutex);
    if (!first_error) first_error = std::current_exception();
    if (rank == 0 && !port_is_known) port.set_exception(std::current_exception());
  }
};

void run_rank(int rank, int num_ranks, Shared& shared,
              const std::function<void(Collectives&)>& body) {
  bool port_is_known = false;
  try {
    at::set_num_threads(1);
    World world;
    world.rank = world.local_rank = rank;
    world.size = world.local_size = num_ranks;
    if (rank > 0) world.master_port = shared.chosen_port.get();
    Rendezvous rendezvous(world, std::chrono::seconds(30));
    if (rank == 0) {
      shared.port.set_value(rendezvous.port());
      port_is_known = true;
    }
    body(*rendezvous.connect("test"));
  } catch (...) {
    shared.report(rank, port_is_known);
  }
}

}  // namespace

void run_ranks(int num_ranks, const std::function<void(Collectives&)>& rank) {
  Shared shared;
  std::vector<std::thread> threads;
  for (int i = 0; i < num_ranks; ++i) {
    threads.emplace_back([&, i] { run_rank(i, num_ranks, shared, rank); });
  }
  for (std::thread& thread : threads) thread.join();
  if (shared.first_error) std::rethrow_exception(shared.first_error);
}

}  // namespace dermatome
