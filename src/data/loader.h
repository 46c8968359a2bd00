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
  // After this time it warns and names the shards that it waits for.
  std::chrono::milliseconds warning = std::chrono::seconds(60);
  // After this time it throws. Less than the default of runtime.timeout_s, after which the other
  // ranks would end without knowing why.
  std::chrono::milliseconds error = std::chrono::seconds(240);
};

struct LoaderOptions {
  uint64_t seed = 0;
  int64_t global_batch = 0;
  // This rank's slice of each global batch: places [first, first + count).
  int64_t first = 0;
  int64_t count = 0;
  int64_t image_size = 0;  // pixels per side
  // Patch dropout: `kept_patches` of an image's `num_patches` are kept; 0: all.
  int64_t num_patches = 0;
  int64_t kept_patches = 0;
  // true: in the order of options.data, augmented. false: one after the other, resize + center
  // crop, the last batch may be partial.
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

  // The next batch. In training epochs follow each other without end; else nullopt after one pass.
  // In training a damaged record is left out as options.data says: another sample takes its place,
  // whose id the batch names. When a sample of the batch could not be read, throws its DataError or
  // StorageLost instead; the next call returns the batch behind it.
  //
  // Where the file system answers no read at all, throws StorageLost naming the shards after
  // options.stall.error. The readers are then still waiting for the file system, and the destructor
  // would wait for them, so the process has to end without unwinding. Another call waits for the
  // same batch.
  std::optional<Batch> next();

  // floor(places of the order / global batch) in training, else ceil(samples / global batch).
  int64_t steps_per_epoch() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dermatome
