// What a command that runs on ranks needs: who the ranks are, their collectives, the device, the
// threads.
#pragma once

#include <c10/core/Device.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "launcher/mpi_world.h"
#include "src/distributed/collectives.h"
#include "src/distributed/rendezvous.h"
#include "src/distributed/world.h"

namespace dermatome {

struct RuntimeOptions;

class Runtime {
 public:
  // Finds the ranks (by MPI if an MPI launcher started this process, else by torchrun's or srun's
  // variables, else this process is alone), joins them, chooses the device and the number of
  // threads, and sets up logging. Throws ConfigError, CommunicationError.
  explicit Runtime(const RuntimeOptions& options);

  const World& world() const { return world_; }
  c10::Device device() const { return device_; }
  // Collectives on the device, for the main thread.
  Collectives& collectives() { return *collectives_; }
  // Connects a further group of CPU collectives, for another thread.
  std::unique_ptr<Collectives> connect_cpu_group(const std::string& name);

 private:
  void meet(std::chrono::milliseconds timeout);
  // Compares and logs where the ranks run, and sets the number of threads. Throws ConfigError.
  void settle(int64_t threads_asked);

  std::optional<MpiSession> mpi_;
  World world_;
  c10::Device device_;
  std::optional<Rendezvous> rendezvous_;
  std::unique_ptr<Collectives> collectives_;
};

// Runs `work` on the ranks and returns its exit code. Its errors must reach the terminate handler
// of launcher/failure.h: no handler may be around the call.
int run_with_runtime(const RuntimeOptions& options, const std::function<int(Runtime&)>& work);

}  // namespace dermatome
