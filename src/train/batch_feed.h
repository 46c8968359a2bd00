// Hands the trainer its batches together with what all ranks must know of each other before a step:
// how many images and distinct texts every rank has, and whether a rank asks to stop.
//
// The feed's own thread takes batches from the loader and exchanges one small record per step, one
// step ahead of the trainer, over a CPU group that nobody else uses: the device never waits for a
// size.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <functional>
#include <memory>

#include "src/data/batch.h"
#include "src/data/loader.h"
#include "src/distributed/collectives.h"
#include "src/objective/objective.h"

namespace dermatome {

struct FedBatch {
  Batch batch;
  GlobalSizes sizes;
  bool stop = false;  // a rank was asked to stop: nobody trains on this batch
};

class BatchFeed {
 public:
  // Produces `num_steps` batches. If a rank asks to stop, all ranks end at the same batch, at most
  // two batches after the last one taken. The feed's thread calls `stop_requested` once per batch
  // and makes the batch's tensors ready for their upload() to `device`.
  BatchFeed(std::unique_ptr<Loader> loader, std::unique_ptr<Collectives> group, int64_t num_steps,
            std::function<bool()> stop_requested, c10::Device device);
  ~BatchFeed();

  // The next batch. Throws what the loader threw; the other ranks throw a CommunicationError that
  // names the rank that failed.
  FedBatch next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dermatome
