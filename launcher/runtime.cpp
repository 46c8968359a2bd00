#include "launcher/runtime.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "launcher/cores.h"
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

std::string host_name() {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  return host.data();
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
  meet(std::chrono::milliseconds(static_cast<int64_t>(options.timeout_s * 1000)));
  use_threads(options.threads);
}

void Runtime::meet(std::chrono::milliseconds timeout) {
  const bool is_root = world_.rank == 0;
  if (mpi_ && world_.local_size < world_.size) {
    world_.master_host = mpi_->share(host_name());
    // Rank 0 serves on a free port, which the others must hear before they can come.
    if (is_root) rendezvous_.emplace(world_, timeout);
    const std::string port = mpi_->share(is_root ? std::to_string(rendezvous_->port()) : "");
    world_.master_port = static_cast<uint16_t>(std::stoi(port));
  } else if (mpi_ && world_.size > 1) {
    world_.store_file = mpi_->share(is_root ? create_store_file() : "");
  }
  if (!rendezvous_) rendezvous_.emplace(world_, timeout);
  collectives_ = rendezvous_->connect("main", device_.is_cuda());
}

void Runtime::use_threads(int64_t asked) {
  const CoreShare share = share_cores(asked, *connect_cpu_group("start"));
  at::set_num_threads(share.num_threads);
  const std::string cores = format("%d thread(s) a rank, %d allowed core(s) shared by %d rank(s)",
                                   share.num_threads, share.num_allowed, share.num_sharing);
  const std::string figures = device_.str() + ", " + cores + ", " +
                              (world_.size == 1    ? "no communication"
                               : device_.is_cuda() ? "NCCL"
                                                   : "Gloo");
  if (share.is_alike) {
    log_info(format("%d rank(s): ", world_.size) + figures);
  } else {
    // Said by every rank, and only warnings pass on ranks above 0.
    log_warning(format("rank %d of %d differs from others: ", world_.rank, world_.size) + figures);
  }
  if (share.num_threads * share.num_sharing > share.num_allowed &&
      (world_.rank == 0 || !share.is_alike)) {
    log_warning(cores +
                ": more threads than cores; lower runtime.threads or the number of ranks, "
                "or bind ranks to more cores");
  }
}

std::unique_ptr<Collectives> Runtime::connect_cpu_group(const std::string& name) {
  return rendezvous_->connect(name);
}

int run_on_ranks(const RuntimeOptions& options, const std::function<int(Runtime&)>& work) {
  Runtime runtime(options);
  return work(runtime);
}

}  // namespace dermatome
