// Confidence intervals by resampling (Efron's percentile bootstrap).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>

namespace dermatome {

struct Interval {
  double low = 0;
  double high = 0;
};

// Scores by name for weights [n] of the samples. Called from several threads at once.
using WeightedScores =
    std::function<std::map<std::string, double>(std::span<const double> weights)>;

// 95 % intervals of every score. Each of `resamples` resamples draws as many groups as there are,
// with replacement; the weight of a sample is how often its group was drawn. group [n] from 0 on,
// without gaps. A resample in which a score is NaN does not count for this score; if none counts,
// the interval is NaN. The result does not depend on the number of threads.
std::map<std::string, Interval> bootstrap_intervals(const WeightedScores& scores,
                                                    std::span<const int64_t> group,
                                                    int64_t resamples);

}  // namespace dermatome
