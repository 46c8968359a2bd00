// Areas under ROC curves.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace dermatome {

// Sorts the scores once, so that the area for any weights of the samples costs O(n). Weights select
// a subset of the samples or a resample.
class RocCurve {
 public:
  // scores [n], none NaN; positive [n]: not 0 for positives.
  RocCurve(std::span<const double> scores, std::span<const uint8_t> positive);

  // The chance that a positive scores above a negative, ties counting half (scikit-learn's
  // roc_auc_score with sample weights). weights [n], at least 0. NaN unless positives
  // and negatives have weight.
  double area(std::span<const double> weights) const;

 private:
  struct Sample {
    int64_t index;
    bool positive;
    bool last_of_ties;  // the next sample has another score
  };
  std::vector<Sample> ascending_;
};

}  // namespace dermatome
