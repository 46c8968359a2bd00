#include "src/train/batch_feed.h"

#include <ATen/ATen.h>

#include <deque>
#include <exception>
#include <thread>
#include <utility>

#include "src/core/error.h"
#include "src/core/text.h"
#include "src/core/thread_annotations.h"
#include "src/distributed/number_gather.h"
#include "src/model/upload.h"

namespace dermatome {
namespace {

// Batches that are ready in addition to the one in use. One is enough to hide the exchange behind a
// step, and the trainer learns of a stop only after all that are ready. The loader itself keeps
// more batches.
constexpr size_t kReady = 1;

// What a rank tells the others about its next batch.
enum Record { kImages, kTexts, kStop, kFailed };

// Texts stay on the host, where the text tower packs them.
void pin(Batch& batch, c10::Device device) {
  for (at::Tensor* tensor : {&batch.images, &batch.kept_patches, &batch.caption, &batch.mask}) {
    if (tensor->defined()) *tensor = pin_for(*tensor, device);
  }
}

}  // namespace

struct BatchFeed::State {
  std::unique_ptr<Loader> loader;
  std::unique_ptr<Collectives> group;
  int64_t num_steps = 0;
  std::function<bool()> stop_requested;
  c10::Device device = c10::kCPU;

  Mutex mutex;
  ConditionVariable changed;
  std::deque<FedBatch> ready GUARDED_BY(mutex);
  std::exception_ptr error GUARDED_BY(mutex);
  bool closed GUARDED_BY(mutex) = false;
  std::thread thread;

  // Takes the loader's next batch; returns the error if there is none.
  std::exception_ptr take(Batch& batch) {
    try {
      auto next = loader->next();
      require(next.has_value(), "a training loader ended");
      batch = std::move(*next);
      pin(batch, device);
      return nullptr;
    } catch (...) {
      return std::current_exception();
    }
  }

  // Waits for room for another batch; false if nobody wants one any more.
  bool wait_for_room() {
    MutexLock lock(mutex);
    changed.wait(lock, [this]() REQUIRES(mutex) { return ready.size() < kReady || closed; });
    return !closed;
  }

  // Fills in what all ranks say about their batches. Throws `own_error`, or CommunicationError if
  // another rank failed.
  void exchange_records(FedBatch& fed, const std::exception_ptr& own_error) {
    const bool failed = own_error != nullptr;
    const auto records =
        gather_numbers({failed ? 0 : fed.batch.size(), failed ? 0 : fed.batch.tokens.size(0),
                        stop_requested(), failed},
                       *group, c10::kCPU, "batch record");
    if (own_error) std::rethrow_exception(own_error);
    for (size_t rank = 0; rank < records[kFailed].size(); ++rank) {
      if (records[kFailed][rank] != 0) {
        throw CommunicationError(
            text("rank ", rank, " could not make its batch ready; its own message says why"));
      }
    }
    fed.sizes = {records[kImages], records[kTexts]};
    for (const int64_t stop : records[kStop]) fed.stop |= stop != 0;
  }

  void run() {
    try {
      for (int64_t step = 0; step < num_steps; ++step) {
        FedBatch fed;
        const std::exception_ptr own_error = take(fed.batch);
        if (!wait_for_room()) return;
        exchange_records(fed, own_error);
        const bool last = fed.stop;
        const MutexLock lock(mutex);
        ready.push_back(std::move(fed));
        changed.notify_all();
        if (last) return;
      }
    } catch (...) {
      const MutexLock lock(mutex);
      error = std::current_exception();
      changed.notify_all();
    }
  }
};

BatchFeed::BatchFeed(std::unique_ptr<Loader> loader, std::unique_ptr<Collectives> group,
                     int64_t num_steps, std::function<bool()> stop_requested, c10::Device device)
    : state_(std::make_unique<State>()) {
  state_->loader = std::move(loader);
  state_->group = std::move(group);
  state_->num_steps = num_steps;
  state_->stop_requested = std::move(stop_requested);
  state_->device = device;
  state_->thread = std::thread([state = state_.get()] { state->run(); });
}

BatchFeed::~BatchFeed() {
  {
    const MutexLock lock(state_->mutex);
    state_->closed = true;
    state_->changed.notify_all();
  }
  state_->thread.join();
}

FedBatch BatchFeed::next() {
  MutexLock lock(state_->mutex);
  state_->changed.wait(
      lock, [this]() REQUIRES(state_->mutex) { return !state_->ready.empty() || state_->error; });
  if (state_->ready.empty()) std::rethrow_exception(state_->error);
  FedBatch fed = std::move(state_->ready.front());
  state_->ready.pop_front();
  state_->changed.notify_all();
  return fed;
}

}  // namespace dermatome
