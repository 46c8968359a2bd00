// Areas under ROC curves.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace dermatome {

// Scores, sorted once, so that an area costs O(n) whatever the samples' weights: a subset of the
// samples and a resample of them are weightings.
class RocCurve {
 public:
  // scores [n], none NaN; positive [n]: not 0 for positives.
  RocCurve(std::span<const double> scores, std::span<const uint8_t> positive);

  // The chance that a positive scores above a negative, ties counting half (scikit-learn's
  // roc_auc_score with sample weights). weights [n], at least 0. NaN unless both kinds have weight.
  double area(std::span<const double> weights) const;

 private:
  struct Sample {
    int64_t index;
    bool positive;
    bool last_of_ties;  // the next one has another score
  };
  std::vector<Sample> ascending_;
};

}  // namespace dermatome
