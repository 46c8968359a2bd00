// Which sample stands at which place of which batch: a pure function of (seed, epoch, place), the
// same for every world size, thread count and restart, in O(1) memory.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace dermatome {

struct DataOptions;

class SampleOrder {
 public:
  virtual ~SampleOrder() = default;

  // The sample at place `place` of epoch `epoch`; 0 <= place < samples_per_epoch().
  virtual int64_t sample(int64_t epoch, int64_t place) const = 0;

  // The sample that stands in at that place when its own, and the stand-ins before the
  // `attempt`-th (from 1 on), cannot be used.
  virtual int64_t stand_in(int64_t epoch, int64_t place, int64_t attempt) const = 0;
};

// The number of places in an epoch over `num_samples` samples.
int64_t samples_per_epoch(const DataOptions& options, int64_t num_samples);

// The order that options.sampling asks for, over sources that follow each other and have
// `source_sizes` samples, each at least 1, also if there is only one. ShardedDataset refuses an
// empty source only beside others, so callers check before that a single source is not empty.
std::unique_ptr<SampleOrder> make_order(uint64_t seed, const DataOptions& options,
                                        const std::vector<int64_t>& source_sizes);

}  // namespace dermatome
