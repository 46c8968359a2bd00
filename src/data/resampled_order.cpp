#include "src/data/resampled_order.h"

#include <algorithm>
#include <numeric>

#include "src/core/error.h"
#include "src/core/rng.h"

namespace dermatome {
namespace {

Rng draw_at(uint64_t seed, int64_t epoch, int64_t place) {
  require(place >= 0, "a place outside the epoch");
  return {seed, RngPurpose::kResampling, static_cast<uint64_t>(epoch),
          static_cast<uint64_t>(place)};
}

}  // namespace

ResampledOrder::ResampledOrder(uint64_t seed, const std::vector<int64_t>& source_sizes,
                               const std::vector<double>& weights)
    : seed_(seed) {
  std::vector<double> shares = weights;
  if (shares.empty()) shares.assign(source_sizes.begin(), source_sizes.end());
  require(!source_sizes.empty() && shares.size() == source_sizes.size(),
          "a resampled order with unequal numbers of sources and weights");
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  int64_t first = 0;
  double end = 0;
  for (size_t i = 0; i < source_sizes.size(); ++i) {
    require(source_sizes[i] >= 1 && shares[i] > 0, "a source without samples or weight");
    end += shares[i] / sum;
    sources_.push_back({first, source_sizes[i], end});
    first += source_sizes[i];
  }
}

const ResampledOrder::Source& ResampledOrder::pick(double point) const {
  const auto found = std::ranges::upper_bound(sources_, point, {}, &Source::end);
  // Rounding may leave the last end a little below 1.
  return found == sources_.end() ? sources_.back() : *found;
}

int64_t ResampledOrder::sample(int64_t epoch, int64_t place) const {
  Rng stream = draw_at(seed_, epoch, place);
  const Source& source = pick(stream.uniform());
  return source.first + static_cast<int64_t>(stream.below(static_cast<uint64_t>(source.size)));
}

int64_t ResampledOrder::stand_in(int64_t epoch, int64_t place, int64_t attempt) const {
  require(attempt >= 1, "a stand-in for nothing");
  const Source& source = pick(draw_at(seed_, epoch, place).uniform());
  Rng stream(seed_, RngPurpose::kSubstitute, static_cast<uint64_t>(epoch),
             static_cast<uint64_t>(place));
  uint64_t sample = 0;
  for (int64_t i = 0; i < attempt; ++i) sample = stream.below(static_cast<uint64_t>(source.size));
  return source.first + static_cast<int64_t>(sample);
}

}  // namespace dermatome
