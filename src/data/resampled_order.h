// Samples drawn with replacement from several sources.
#pragma once

#include <cstdint>
#include <vector>

#include "src/data/sample_order.h"

namespace dermatome {

// Every draw picks a source by weight, then one of its samples evenly, independently of all other
// draws. Any place of an epoch can be asked for. Reads are spread over the whole data.
class ResampledOrder : public SampleOrder {
 public:
  // `source_sizes`: samples of each source, at least 1. `weights`: above 0, one per source,
  // relative to each other; none: the sizes.
  ResampledOrder(uint64_t seed, const std::vector<int64_t>& source_sizes,
                 const std::vector<double>& weights);

  int64_t sample(int64_t epoch, int64_t place) const override;
  // Drawn evenly from the source that the place's draw picked.
  int64_t stand_in(int64_t epoch, int64_t place, int64_t attempt) const override;

 private:
  struct Source {
    int64_t first = 0;  // its first sample
    int64_t size = 0;
    double end = 0;  // of its share of [0, 1)
  };
  const Source& pick(double point) const;

  uint64_t seed_;
  std::vector<Source> sources_;
};

}  // namespace dermatome
