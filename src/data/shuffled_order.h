// Every sample once per epoch.
//
// An epoch's order is a keyed permutation computed on the fly: blocks of neighboring samples are
// permuted, and the samples of a window of blocks are mixed, so that reads stay mostly sequential.
#pragma once

#include <cstdint>

#include "src/data/sample_order.h"

namespace dermatome {

class ShuffledOrder : public SampleOrder {
 public:
  // `block` samples per block, `window` blocks per window; all but the seed are at least 1.
  ShuffledOrder(uint64_t seed, int64_t num_samples, int64_t block, int64_t window);

  int64_t sample(int64_t epoch, int64_t place) const override;
  // Drawn evenly from all samples.
  int64_t stand_in(int64_t epoch, int64_t place, int64_t attempt) const override;

 private:
  uint64_t seed_;
  int64_t num_samples_;
  int64_t block_;
  int64_t window_;
};

}  // namespace dermatome
