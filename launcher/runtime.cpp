#include "launcher/runtime.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <malloc.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <limits>
#include <string>

#include "launcher/deadline.h"
#include "launcher/gpu_allocation.h"
#include "launcher/placement.h"
#include "src/config/runtime_options.h"
#include "src/core/error.h"
#include "src/core/log.h"
#include "src/core/process_identity.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

// Why no GPU can be used.
std::string why_no_gpu(bool gpu_there) {
  if (!c10::impl::hasDeviceGuardImpl(c10::DeviceType::CUDA)) {
    return gpu_there ? "this build of Dermatome has no CUDA; build it with tools/build.sh cuda"
                     : "this build of Dermatome has no CUDA, and this machine shows no GPU";
  }
  if (!gpu_there) return "this machine shows no GPU (no /dev/nvidiactl)";
  return "this build has CUDA but cannot use the GPU: the driver is too old for its CUDA version "
         "(compare nvidia-smi), or CUDA_VISIBLE_DEVICES hides every GPU";
}

// Warns if this machine's ranks leave GPUs idle that were given to them.
void warn_of_idle_gpus(const World& world, int num_gpus, const std::string& given) {
  const int idle = num_gpus - world.local_size;
  if (world.local_rank != 0 || given.empty() || idle <= 0) return;
  log_warning(text(idle, " OF ", num_gpus, " GPUS ARE UNUSED (", given,
                   "): a rank uses one GPU, and this machine has ", world.local_size,
                   " rank(s). Start a rank for every GPU, for example with dermatome launch"));
}

c10::Device choose_device(DeviceChoice choice, const World& world, const Environment& environment) {
  if (choice == DeviceChoice::kCpu) return c10::kCPU;
  const std::string given = given_gpus(environment);
  if (at::hasCUDA()) {
    const c10::impl::VirtualGuardImpl cuda(c10::DeviceType::CUDA);
    const c10::Device device(c10::DeviceType::CUDA,
                             static_cast<c10::DeviceIndex>(world.local_rank % cuda.deviceCount()));
    cuda.setDevice(device);
    warn_of_idle_gpus(world, cuda.deviceCount(), given);
    return device;
  }
  const bool gpu_there = std::filesystem::exists("/dev/nvidiactl");
  if (choice == DeviceChoice::kCuda) {
    throw ConfigError(text("runtime.device is cuda, but ", why_no_gpu(gpu_there),
                           ". runtime.device=cpu trains without a GPU"));
  }
  if (gpu_is_required(environment)) {
    throw ConfigError(text("this job has GPUs (", given, "), but ", why_no_gpu(gpu_there),
                           ". To leave the GPUs unused, say runtime.device=cpu (--device cpu)"));
  }
  const bool idle = !given.empty() || (gpu_there && !gpus_are_hidden(environment));
  if (idle && world.local_rank == 0) {
    log_warning(text("A GPU IS THERE AND UNUSED: ", why_no_gpu(gpu_there),
                     given.empty() ? "" : text(" (", given, ")")));
  }
  return c10::kCPU;
}

// A step frees what the next one allocates again. Memory that goes back to the kernel in between
// comes back page by page, and each page is cleared first. So malloc keeps it, as PyTorch's
// allocator for GPUs does.
void keep_freed_memory() {
  constexpr int kLargestThreshold = 32 << 20;  // the largest that glibc accepts
  mallopt(M_MMAP_THRESHOLD, kLargestThreshold);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
}

std::chrono::milliseconds timeout_of(const RuntimeOptions& options) {
  return std::chrono::milliseconds(static_cast<int64_t>(options.timeout_s * 1000));
}

// The folder for temporary files that the launcher removes however the ranks end; empty: there is
// none.
std::string launchers_folder() {
  const char* folder = std::getenv("PMIX_SERVER_TMPDIR");
  return folder != nullptr && access(folder, W_OK | X_OK) == 0 ? folder : "";
}

}  // namespace

Runtime::Runtime(const RuntimeOptions& options) : device_(c10::kCPU) {
  const Environment environment = process_environment();
  const std::chrono::milliseconds timeout = timeout_of(options);
  if (started_by_mpi(environment)) {
    mpi_.emplace(timeout);
    world_ = mpi_->world();
  } else {
    world_ = world_from_environment(environment).value_or(World{});
  }
  initialize_logging(world_.rank, world_.size);
  device_ = choose_device(options.device, world_, environment);
  if (device_.is_cpu()) keep_freed_memory();
  meet(timeout);
  settle(options.threads);
  collectives_ = rendezvous_->connect("main", device_.is_cuda());
}

void Runtime::meet(std::chrono::milliseconds timeout) {
  const bool is_root = world_.rank == 0;
  if (mpi_ && world_.local_size < world_.size) {
    world_.master_host = mpi_->share(host_name());
    // Rank 0 listens on a free port, which the others must know before they can connect.
    if (is_root) rendezvous_.emplace(world_, timeout);
    const std::string port = mpi_->share(is_root ? text(rendezvous_->port()) : "");
    world_.master_port = static_cast<uint16_t>(std::stoi(port));
  } else if (mpi_ && world_.size > 1) {
    world_.store_file = mpi_->share(is_root ? create_store_file(launchers_folder()) : "");
  }
  if (!rendezvous_) rendezvous_.emplace(world_, timeout);
}

void Runtime::settle(int64_t threads_asked) {
  const auto group = connect_cpu_group("start");
  const auto placements =
      gather_placements(local_placement(device_, rendezvous_->network()), *group);
  check_same_devices(placements);
  at::set_num_threads(num_threads(placements, world_.rank, threads_asked));
  if (world_.rank != 0) return;
  for (const std::string& line : describe(placements, threads_asked)) log_info(line);
  const std::string warning = warn_of_threads(placements, threads_asked);
  if (!warning.empty()) log_warning(warning);
}

std::unique_ptr<Collectives> Runtime::connect_cpu_group(const std::string& name) {
  return rendezvous_->connect(name);
}

int run_with_runtime(const RuntimeOptions& options, const std::function<int(Runtime&)>& work) {
  std::optional<Deadline> deadline;  // outlives the runtime, whose end it is for
  Runtime runtime(options);
  const int code = work(runtime);
  deadline.emplace(timeout_of(options),
                   "this rank's work is done, but the other ranks or the launcher do not end "
                   "(runtime.timeout_s); this rank ends alone",
                   code);
  return code;
}

}  // namespace dermatome
