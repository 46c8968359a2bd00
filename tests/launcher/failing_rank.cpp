// A command like those of `dermatome`, for launcher_test: joins the ranks and then fails in the way
// its argument names.
//   failing_rank MODE TIMEOUT_SECONDS
#include <ATen/ATen.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>

#include "launcher/exit_codes.h"
#include "launcher/failure.h"
#include "launcher/runtime.h"
#include "src/core/error.h"
#include "src/core/log.h"

namespace dermatome {
namespace {

// Stands for all that can wait for a peer when it is destroyed.
struct WaitsLong {
  ~WaitsLong() { sleep(60); }
};

void fail(const std::string& mode) {
  if (mode == "data") throw DataError("shard 7, row 12: damaged picture");
  if (mode == "config") throw ConfigError("no such setting");
  if (mode == "internal") require(false, "a broken promise");
  if (mode == "torch") at::zeros({2}).view({3});
  if (mode == "thread") std::thread([] { throw DataError("thrown on a thread"); }).join();
  if (mode == "kill") raise(SIGKILL);
  if (mode == "hang") sleep(60);
}

int work(Runtime& runtime, const std::string& mode) {
  Collectives& group = runtime.collectives();
  at::Tensor sum = at::full({3}, group.rank() + 1.0);
  group.all_reduce_sum(sum, "first values")->wait();
  if (mode == "stop") return kExitTryAgain;
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
  initialise_logging(0, 1);
  end_at_uncaught_errors();
  RuntimeOptions options;
  options.device = DeviceChoice::kCpu;
  options.timeout_s = std::atof(argv[2]);
  return run_on_ranks(options, [&](Runtime& runtime) { return work(runtime, argv[1]); });
}
