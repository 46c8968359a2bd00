#include "launcher/runtime.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "launcher/exit_codes.h"
#include "src/core/error.h"
#include "src/core/log.h"

namespace dermatome {
namespace {

c10::Device choose_device(DeviceChoice choice, const World& world) {
  if (choice == DeviceChoice::kCpu) return c10::kCPU;
  if (at::hasCUDA()) {
    const c10::impl::VirtualGuardImpl cuda(c10::DeviceType::CUDA);
    const c10::Device device(c10::DeviceType::CUDA,
                             static_cast<c10::DeviceIndex>(world.local_rank % cuda.deviceCount()));
    cuda.setDevice(device);
    return device;
  }
  const bool gpu_there = std::filesystem::exists("/dev/nvidiactl");
  if (choice == DeviceChoice::kCuda) {
    throw ConfigError(
        std::string("runtime.device is cuda, but ") +
        (gpu_there ? "this build or this driver cannot use the GPU; build with DERMATOME_CUDA=ON"
                   : "this machine shows no GPU; set runtime.device=cpu"));
  }
  if (gpu_there) {
    log_warning("A GPU IS THERE AND UNUSED: build with DERMATOME_CUDA=ON to train on it");
  }
  return c10::kCPU;
}

int allowed_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  require(sched_getaffinity(0, sizeof set, &set) == 0, "sched_getaffinity");
  return CPU_COUNT(&set);
}

// Threads of this rank: as asked for, else its share of the cores it may use.
int choose_threads(int64_t asked, const World& world) {
  const int allowed = allowed_cores();
  // Ranks that may use every core share them; ranks that a launcher bound have cores of their own.
  const bool bound = allowed < static_cast<int>(std::thread::hardware_concurrency());
  const int own = bound ? allowed : std::max(1, allowed / world.local_size);
  const int threads = asked > 0 ? static_cast<int>(asked) : own;
  if (threads > allowed) {
    log_warning("runtime.threads is " + std::to_string(threads) + ", but rank " +
                std::to_string(world.rank) + " may use only " + std::to_string(allowed) +
                " cores; lower it, or start ranks with --bind-to none");
  }
  return threads;
}

}  // namespace

Runtime::Runtime(const RuntimeOptions& options) : device_(c10::kCPU) {
  const Environment environment = process_environment();
  if (started_by_mpi(environment)) {
    mpi_.emplace();
    world_ = mpi_->world();
  } else {
    world_ = world_from_environment(environment).value_or(World{});
  }
  initialise_logging(world_.rank, world_.size);
  device_ = choose_device(options.device, world_);
  const int threads = choose_threads(options.threads, world_);
  at::set_num_threads(threads);

  const auto timeout = std::chrono::milliseconds(static_cast<int64_t>(options.timeout_s * 1000));
  if (mpi_ && world_.size > 1) {
    // Rank 0 serves on a free port, which the others must hear before they can come.
    if (world_.rank == 0) rendezvous_.emplace(world_, timeout);
    world_.master_port = mpi_->share_port(world_.rank == 0 ? rendezvous_->port() : uint16_t{0});
  }
  if (!rendezvous_) rendezvous_.emplace(world_, timeout);
  collectives_ = rendezvous_->connect("main", device_.is_cuda());
  log_info("rank " + std::to_string(world_.rank) + " of " + std::to_string(world_.size) + ": " +
           device_.str() + ", " + std::to_string(threads) + " threads on " +
           std::to_string(allowed_cores()) + " allowed cores, " +
           (world_.size == 1    ? "no communication"
            : device_.is_cuda() ? "NCCL"
                                : "Gloo"));
}

std::unique_ptr<Collectives> Runtime::connect_cpu_group(const std::string& name) {
  return rendezvous_->connect(name);
}

int run_on_ranks(const RuntimeOptions& options, const std::function<int(Runtime&)>& work) {
  std::string who;
  try {
    // Not destroyed when something is thrown: that could wait for a peer.
    auto* runtime = new Runtime(options);
    if (runtime->world().size > 1) who = "rank " + std::to_string(runtime->world().rank) + ": ";
    const int code = work(*runtime);
    delete runtime;
    return code;
  } catch (const std::exception& error) {
    log_error(who + error.what());
    _exit(exit_code_of(error));
  }
}

}  // namespace dermatome
