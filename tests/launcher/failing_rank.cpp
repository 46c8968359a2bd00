// A command for launcher_test that is built like those of `dermatome`. It joins the ranks and then
// fails in the way that its argument names.
//   failing_rank MODE TIMEOUT_SECONDS
#include <ATen/ATen.h>
#include <c10/util/Exception.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>

#include "launcher/exit_codes.h"
#include "launcher/failure.h"
#include "launcher/runtime.h"
#include "src/config/runtime_options.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/log.h"
#include "src/core/text.h"
#include "src/distributed/world.h"

namespace dermatome {
namespace {

// Stands for any object whose destructor can wait for a peer.
struct WaitsLong {
  ~WaitsLong() { sleep(60); }
};

void fail(const std::string& mode) {
  if (mode == "data") throw DataError("shard 7, row 12: damaged image");
  if (mode == "storage") throw StorageLost("shard 7: Input/output error");
  if (mode == "config") throw ConfigError("no such setting");
  if (mode == "internal") require(false, "a broken promise");
  if (mode == "torch") at::zeros({2}).view({3});
  if (mode == "thread") std::thread([] { throw DataError("thrown on a thread"); }).join();
  if (mode == "nccl") {
    std::thread([] { C10_THROW_ERROR(DistBackendError, "timed out\non stream 7"); }).join();
  }
  if (mode == "limit") {
    const rlimit none = {0, 0};
    setrlimit(RLIMIT_FSIZE, &none);
    write_file_atomically(text("/tmp/dermatome-limit-", static_cast<long>(getpid())), "content");
  }
  if (mode == "kill") raise(SIGKILL);
  if (mode == "hang") sleep(60);
}

int work(Runtime& runtime, const std::string& mode) {
  Collectives& group = runtime.collectives();
  at::Tensor sum = at::full({3}, group.rank() + 1.0);
  group.all_reduce_sum(sum, "first values")->wait();
  if (mode == "all") throw ConfigError("all ranks have this");
  if (mode == "stop") return kExitStopped;
  if (mode != "ok" && group.rank() == group.size() - 1) {
    const WaitsLong waits;
    fail(mode);
  }
  group.all_reduce_sum(sum, "second values")->wait();
  if (group.rank() == 0) std::cout << "sum " << sum[0].item<double>() << std::endl;
  return kExitOk;
}

}  // namespace
}  // namespace dermatome

int main(int /*argc*/, char** argv) {
  using namespace dermatome;
  const World announced = announced_world(process_environment());
  initialize_logging(announced.rank, announced.size);
  end_at_uncaught_errors(announced.rank);
  if (std::string(argv[1]) == "early" && announced.rank == announced.size - 1) {
    throw ConfigError("only this rank has it");
  }
  if (std::string(argv[1]) == "absent" && announced.rank == announced.size - 1) sleep(60);
  RuntimeOptions options;
  options.device = DeviceChoice::kCpu;
  options.timeout_s = std::atof(argv[2]);
  return run_with_runtime(options, [&](Runtime& runtime) { return work(runtime, argv[1]); });
}
