#include "src/train/work_together.h"

#include <ATen/ATen.h>

#include <chrono>
#include <exception>
#include <future>
#include <thread>
#include <utility>

#include "src/core/error.h"
#include "src/core/stop_signal.h"
#include "src/core/text.h"
#include "src/train/environment.h"

namespace dermatome {
namespace {

// How often ranks tell each other that they are still at work; far below any collective's timeout.
constexpr std::chrono::milliseconds kTurn(200);

// Waits until `own`, which `worker` does, and the work of all other ranks is done; false if a rank
// was asked to stop and the work was broken off. A rank that is ready waits in many short
// collectives, so that none of them lasts as long as the work.
bool wait_for_all(std::future<void>& own, std::jthread& worker, Collectives& group,
                  const std::string& name) {
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
    group.all_reduce_sum(states, name)->wait();
    if (counts[2] > 0) {
      stopped = true;
      worker.request_stop();
    }
    if (!stopped && error) std::rethrow_exception(error);
    if (!stopped && counts[1] > 0) {
      throw CommunicationError(text("another rank failed (", name, "); its own message says why"));
    }
    if (counts[0] == 0) return !stopped;
  }
}

}  // namespace

bool work_together(const TrainingEnvironment& environment, const std::string& name,
                   const std::function<void(const std::stop_token& stop)>& work) {
  const auto group = environment.connect_cpu_group(name);
  std::packaged_task<void(std::stop_token)> task(work);
  std::future<void> done = task.get_future();
  std::jthread worker(std::move(task));
  return wait_for_all(done, worker, *group, name);
}

}  // namespace dermatome
