// Confidence intervals by resampling (Efron's percentile bootstrap).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace dermatome {

struct Interval {
  double low = 0;
  double high = 0;
};

// Scores by name for weights [n] of the samples. Called from several threads at once.
using WeightedScores =
    std::function<std::map<std::string, double>(std::span<const double> weights)>;

// 95 % intervals of every score: each of `resamples` draws as many groups as there are, with
// replacement, and weights per sample by how often its group was drawn. group [n] from 0 on,
// without gaps. Resamples in which a score is not a number do not count for it; an interval is NaN
// where none counts. The same whatever the number of threads.
std::map<std::string, Interval> bootstrap_intervals(const WeightedScores& scores,
                                                    std::span<const int64_t> group,
                                                    int64_t resamples);

}  // namespace dermatome
