#include "src/eval/roc.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "src/core/error.h"

namespace dermatome {

RocCurve::RocCurve(std::span<const double> scores, std::span<const uint8_t> positive) {
  require(scores.size() == positive.size(), "a score and a label of each sample for an ROC curve");
  std::vector<int64_t> order(scores.size());
  std::iota(order.begin(), order.end(), int64_t{0});
  std::ranges::sort(order, [&](int64_t a, int64_t b) { return scores[a] < scores[b]; });
  ascending_.reserve(order.size());
  for (size_t i = 0; i < order.size(); ++i) {
    const bool last = i + 1 == order.size() || scores[order[i]] != scores[order[i + 1]];
    ascending_.push_back({order[i], positive[order[i]] != 0, last});
  }
}

double RocCurve::area(std::span<const double> weights) const {
  double negatives = 0;  // weight of the negatives below the present score
  double positives = 0;
  double tied_negatives = 0;
  double tied_positives = 0;
  double won = 0;
  for (const Sample& sample : ascending_) {
    (sample.positive ? tied_positives : tied_negatives) += weights[sample.index];
    if (!sample.last_of_ties) continue;
    won += tied_positives * (negatives + tied_negatives / 2);
    negatives += tied_negatives;
    positives += tied_positives;
    tied_negatives = tied_positives = 0;
  }
  const double pairs = positives * negatives;
  return pairs > 0 ? won / pairs : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace dermatome
