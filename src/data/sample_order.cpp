#include "src/data/sample_order.h"

#include <numeric>

#include "src/config/data_options.h"
#include "src/data/resampled_order.h"
#include "src/data/shuffled_order.h"

namespace dermatome {

int64_t samples_per_epoch(const DataOptions& options, int64_t num_samples) {
  return options.epoch_samples > 0 ? options.epoch_samples : num_samples;
}

std::unique_ptr<SampleOrder> make_order(uint64_t seed, const DataOptions& options,
                                        const std::vector<int64_t>& source_sizes) {
  if (options.sampling == Sampling::kResampled) {
    return std::make_unique<ResampledOrder>(seed, source_sizes, options.weights);
  }
  const int64_t total = std::accumulate(source_sizes.begin(), source_sizes.end(), int64_t{0});
  return std::make_unique<ShuffledOrder>(seed, total, options.shuffle_block,
                                         options.shuffle_window);
}

}  // namespace dermatome
