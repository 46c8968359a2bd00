// Streams this rank's batches from shards, in the global order, with reader threads and a bounded number of batches ready.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "src/config/options.h"
#include "src/data/batch.h"
#include "sharding/dataset.h"

namespace dermatome {

struct LoaderOptions {
  uint64_t seed = 0;
  int64_t global_batch = 0;
  int64_t first = 0;            // this rank's slice of each global batch: places [first, first + count)
  int64_t count = 0;
  int64_t image_size = 0;       // pixels a side
  bool training = true;         // augment and shuffle; otherwise in order, resize + centre crop, last batch partial
  bool texts_for_missing = false;  // `released` or `negatives: all`: missing captions are the texts "" and "nan"
  bool only_raw_caption = false;   // MKCL off and no local alignment: other captions are not loaded (mask 0)
  DataOptions data;
  AugmentationOptions augmentation;
};

class Loader {
 public:
  // Starts reading at `step` of `epoch` at once. Throws ConfigError when the data set is smaller than a global batch in
  // training.
  Loader(const ShardedDataset& dataset, const LoaderOptions& options, int64_t epoch, int64_t step);
  ~Loader();

  // The next batch; epochs follow each other without end in training, nullopt after the one pass otherwise. Rethrows a reader's DataError.
  std::optional<Batch> next();

  // Steps an epoch: floor(samples / global batch) in training, ceil otherwise.
  int64_t steps_per_epoch() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dermatome
