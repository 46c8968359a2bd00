#include "src/train/staging.h"

#include <ATen/ATen.h>

#include <chrono>
#include <exception>
#include <future>
#include <stop_token>
#include <thread>

#include "sharding/stage.h"
#include "src/config/train_options.h"
#include "src/config/training_sources.h"
#include "src/core/error.h"
#include "src/core/log.h"
#include "src/core/stop_signal.h"
#include "src/train/environment.h"
#include "src/train/run_checks.h"

namespace dermatome {
namespace {

// How often ranks tell each other that they are still at work; far below any collective's timeout.
constexpr std::chrono::milliseconds kTurn(200);

// Waits until `own`, which `worker` does, and the work of all other ranks is done; false if a rank
// was asked to stop and the work was broken off. A rank that is ready waits in many short
// collectives, so that none of them lasts as long as the work.
bool wait_for_all(std::future<void>& own, std::jthread& worker, Collectives& group) {
  bool done = false;
  bool stopped = false;
  std::exception_ptr error;
  for (;;) {
    if (!done && own.wait_for(kTurn) == std::future_status::ready) {
      done = true;
      try {
        own.get();
      } catch (...) {
        error = std::current_exception();
      }
    }
    const at::Tensor states = at::zeros({3}, at::kLong);
    auto* counts = states.mutable_data_ptr<int64_t>();
    counts[0] = done ? 0 : 1;
    counts[1] = error ? 1 : 0;
    counts[2] = stop_signal_received() ? 1 : 0;
    group.all_reduce_sum(states, "staging")->wait();
    if (counts[2] > 0) {
      stopped = true;
      worker.request_stop();
    }
    if (!stopped && error) std::rethrow_exception(error);
    if (!stopped && counts[1] > 0) {
      throw CommunicationError("another rank could not stage the shards; its own message says why");
    }
    if (counts[0] == 0) return !stopped;
  }
}

}  // namespace

std::optional<std::vector<std::filesystem::path>> staged_training_data(
    const TrainOptions& options, const TrainingEnvironment& environment) {
  const std::vector<std::filesystem::path> sources = training_directories(options.data);
  if (options.data.stage.empty()) return sources;
  const auto group = environment.connect_cpu_group("staging");
  std::packaged_task<void(std::stop_token)> work([&](const std::stop_token& stop) {
    if (environment.local_rank != 0) return;
    stage_datasets(sources, options.data.stage, static_cast<int>(options.data.workers), stop);
  });
  std::future<void> done = work.get_future();
  std::jthread copier(std::move(work));
  if (!wait_for_all(done, copier, *group)) {
    log_info("the staging of shards was broken off on request; there is no new checkpoint");
    return std::nullopt;
  }
  std::vector<std::filesystem::path> copies;
  copies.reserve(sources.size());
  for (const std::filesystem::path& source : sources) {
    copies.push_back(staged_directory(options.data.stage, read_manifest(source)));
  }
  return copies;
}

}  // namespace dermatome
