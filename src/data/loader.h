// Streams this rank's batches from shards, in the global order, with reader threads and a bounded
// number of batches ready.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "sharding/dataset.h"
#include "src/config/augmentation_options.h"
#include "src/config/data_options.h"
#include "src/data/batch.h"
#include "src/data/batch_texts.h"

namespace dermatome {

// How long the loader waits without a sample of the next batch being read.
struct StallLimits {
  // Then it warns, with the shards that are waited for.
  std::chrono::milliseconds warning = std::chrono::seconds(60);
  // Then it throws. Less than runtime.timeout_s is by default, after which the other ranks would
  // end without knowing why.
  std::chrono::milliseconds error = std::chrono::seconds(240);
};

struct LoaderOptions {
  uint64_t seed = 0;
  int64_t global_batch = 0;
  // This rank's slice of each global batch: places [first, first + count).
  int64_t first = 0;
  int64_t count = 0;
  int64_t image_size = 0;  // pixels a side
  // Patch dropout: of an image's num_patches, as many are kept; 0: all.
  int64_t num_patches = 0;
  int64_t kept_patches = 0;
  // In the order of options.data, augmented; otherwise one after the other, resize + center crop,
  // last batch partial.
  bool training = true;
  TextSelection texts;
  DataOptions data;
  AugmentationOptions augmentation;
  StallLimits stall;
};

class Loader {
 public:
  // Starts reading at `step` of `epoch` at once. In training an epoch is at least as long as a
  // global batch. `dataset` must outlive the loader.
  Loader(const ShardedDataset& dataset, const LoaderOptions& options, int64_t epoch, int64_t step);
  ~Loader();

  // The next batch; epochs follow each other without end in training, nullopt after the one pass
  // otherwise. In training a damaged record is left out as options.data says: its place is taken by
  // another sample, whose id the batch names. When a sample of it could not be read, throws the
  // DataError or StorageLost in the batch's place; the call after goes on behind it.
  //
  // Where the file system answers no read at all, throws StorageLost naming the shards once the
  // limit of options.stall is over. The readers are then still waiting for it, and the destructor
  // would wait for them: such an error is for ending the process without unwinding. A call after
  // waits for the same batch.
  std::optional<Batch> next();

  // Steps an epoch: floor(places of the order / global batch) in training, ceil(samples / global
  // batch) otherwise.
  int64_t steps_per_epoch() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dermatome
