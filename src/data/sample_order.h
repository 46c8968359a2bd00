// Which sample stands at which place of which batch: a pure function of (seed, epoch, place), the
// same for every world size, thread count and restart.
//
// An epoch's order is a keyed permutation computed on the fly in O(1) memory: blocks of
// neighbouring samples are permuted, and the samples of a window of blocks are mixed, so that reads
// stay mostly sequential.
#pragma once

#include <cstdint>

namespace dermatome {

class SampleOrder {
 public:
  // `block` samples a block, `window` blocks a window; all arguments but the seed are at least 1.
  SampleOrder(uint64_t seed, int64_t num_samples, int64_t block, int64_t window);

  // The sample at place `place` of epoch `epoch`; 0 <= place < num_samples. Every sample occurs
  // once an epoch.
  int64_t sample(int64_t epoch, int64_t place) const;

  // The sample that stands in at that place when its own, and the stand-ins before the
  // `attempt`-th (from 1 on), cannot be used: drawn evenly from all.
  int64_t stand_in(int64_t epoch, int64_t place, int64_t attempt) const;

 private:
  uint64_t seed_;
  int64_t num_samples_;
  int64_t block_;
  int64_t window_;
};

}  // namespace dermatome
