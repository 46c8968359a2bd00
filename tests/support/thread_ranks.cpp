#include "tests/support/thread_ranks.h"

#include <ATen/Parallel.h>

#include <chrono>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "src/distributed/rendezvous.h"

namespace dermatome {
namespace {

struct FirstError {
  std::mutex mutex;
  std::exception_ptr error;
};

void run_rank(const World& world, const std::function<void(Collectives&)>& body,
              FirstError& first) {
  try {
    at::set_num_threads(1);
    body(*Rendezvous(world, std::chrono::seconds(30)).connect("test"));
  } catch (...) {
    const std::lock_guard lock(first.mutex);
    if (!first.error) first.error = std::current_exception();
  }
}

}  // namespace

void run_ranks(int num_ranks, const std::function<void(Collectives&)>& rank) {
  FirstError first;
  std::vector<std::thread> threads;
  World world;
  world.size = world.local_size = num_ranks;
  if (num_ranks > 1) world.store_file = create_store_file();
  for (int i = 0; i < num_ranks; ++i) {
    world.rank = world.local_rank = i;
    threads.emplace_back([&rank, &first, world] { run_rank(world, rank, first); });
  }
  for (std::thread& thread : threads) thread.join();
  if (first.error) std::rethrow_exception(first.error);
}

}  // namespace dermatome
