// Hands the trainer its batches together with what all ranks must know of each other before a step:
// how many images and distinct texts every rank has, and whether a rank asks to stop.
//
// A thread of its own takes batches from the loader and exchanges one small record a step, a step
// ahead of the trainer, over a CPU group that nobody else uses: the device never waits for a size.
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
  // Produces `num_steps` batches, fewer if a rank stops: every rank then ends at the same one, at
  // the latest with the second batch after those taken by then. `stop_requested` is asked once a
  // batch, from the feed's thread, which also makes a batch's tensors ready for their upload() to
  // `device`.
  BatchFeed(std::unique_ptr<Loader> loader, std::unique_ptr<Collectives> group, int64_t num_steps,
            std::function<bool()> stop_requested, c10::Device device);
  ~BatchFeed();

  // The next batch. Throws what the loader threw; on the other ranks a CommunicationError naming
  // the rank that failed.
  FedBatch next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dermatome
