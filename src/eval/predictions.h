// A classifier's predictions for a set of samples, and their scores. Definitions are
// scikit-learn's.
//
// Every score takes the samples' weights [n], at least 0 and some above 0. With them one set of
// predictions gives the scores of all samples, of a slice, of a resample, and of the samples
// without near-duplicates.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "src/eval/roc.h"

namespace dermatome {

class Predictions {
 public:
  // logits [n, C] floating, labels [n] int64 in [0, C); n > 0.
  Predictions(const at::Tensor& logits, const at::Tensor& labels);

  // Share of samples whose label is among the k largest logits; of equal logits the class of the
  // smaller index counts as the larger.
  double top_k_accuracy(int64_t k, std::span<const double> weights) const;
  // Share of a class's samples that are predicted right; mean over the classes that occur.
  double balanced_accuracy(std::span<const double> weights) const;
  // F1 of each class, weighted by its number of samples; 0 for a class without samples that is
  // never predicted.
  double weighted_f1(std::span<const double> weights) const;
  // One-vs-rest AUROC of a class's softmax probability; mean over the classes that some but not all
  // samples have. NaN if there is no such class.
  double macro_auroc(std::span<const double> weights) const;

  // Scores by their names in a benchmark's file: top1, top5, balanced_accuracy, weighted_f1, auroc.
  std::map<std::string, double> scores(const std::vector<std::string>& metrics,
                                       std::span<const double> weights) const;

  struct ClassScores {
    double count = 0;      // samples, weighted
    double recall = 0;     // NaN for a class without samples
    double precision = 0;  // NaN for a class never predicted
    double f1 = 0;
    double auroc = 0;  // NaN unless there are samples of the class and others
  };
  std::vector<ClassScores> class_scores(std::span<const double> weights) const;

  // [C][C]: samples of a true class (row) predicted as a class (column).
  std::vector<std::vector<int64_t>> confusion() const;

  int64_t num_samples() const { return static_cast<int64_t>(labels_.size()); }

 private:
  // [C] each: the weight of a class's samples, of the samples predicted as this class, and of the
  // samples that are both.
  struct Counts {
    std::vector<double> labeled, predicted, right;
  };
  Counts count(std::span<const double> weights) const;

  int64_t num_classes_;
  std::vector<int64_t> labels_;     // [n]
  std::vector<int64_t> predicted_;  // [n]
  std::vector<int64_t> rank_;       // [n]: rank of the label among the logits, from 0
  std::vector<RocCurve> curves_;    // [C]
};

}  // namespace dermatome
