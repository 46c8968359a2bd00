#include "src/eval/bootstrap.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "src/core/progress.h"
#include "src/core/rng.h"

namespace dermatome {
namespace {

std::vector<double> resample(std::span<const int64_t> group, int64_t num_groups, int64_t number) {
  Rng rng(/*seed=*/0, RngPurpose::kBootstrap, static_cast<uint64_t>(number));
  std::vector<double> drawn(static_cast<size_t>(num_groups));
  for (int64_t i = 0; i < num_groups; ++i) drawn[rng.below(static_cast<uint64_t>(num_groups))] += 1;
  std::vector<double> weights;
  weights.reserve(group.size());
  for (const int64_t g : group) weights.push_back(drawn[g]);
  return weights;
}

// Interpolates linearly between the sorted values, as numpy.percentile does.
double quantile(const std::vector<double>& sorted, double q) {
  const double place = q * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<size_t>(place);
  const size_t high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (place - static_cast<double>(low)) * (sorted[high] - sorted[low]);
}

}  // namespace

std::map<std::string, Interval> bootstrap_intervals(const WeightedScores& scores,
                                                    std::span<const int64_t> group,
                                                    int64_t resamples) {
  const int64_t num_groups = group.empty() ? 0 : std::ranges::max(group) + 1;
  std::vector<std::map<std::string, double>> all(static_cast<size_t>(resamples));
  Progress progress("resamples for intervals scored", resamples);
  at::parallel_for(0, resamples, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      all[i] = scores(resample(group, num_groups, i));
      progress.add(1);
    }
  });
  std::map<std::string, std::vector<double>> values;
  for (const auto& one : all) {
    for (const auto& [name, value] : one) {
      auto& list = values[name];
      if (!std::isnan(value)) list.push_back(value);
    }
  }
  std::map<std::string, Interval> intervals;
  for (auto& [name, list] : values) {
    std::ranges::sort(list);
    constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    intervals[name] = list.empty() ? Interval{kNone, kNone}
                                   : Interval{quantile(list, 0.025), quantile(list, 0.975)};
  }
  return intervals;
}

}  // namespace dermatome
