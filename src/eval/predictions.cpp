#include "src/eval/predictions.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>

#include "src/core/error.h"

namespace dermatome {
namespace {

std::vector<int64_t> to_vector(const at::Tensor& values) {
  const at::Tensor numbers = values.to(at::kCPU, at::kLong).contiguous();
  const auto* data = numbers.const_data_ptr<int64_t>();
  return {data, data + numbers.numel()};
}

double ratio(double part, double whole) {
  return whole > 0 ? part / whole : std::numeric_limits<double>::quiet_NaN();
}

// 2 TP / (2 TP + FP + FN): the divisor is the sum of the samples labeled and those predicted as the
// class.
double f1(double right, double labeled, double predicted) {
  return labeled + predicted > 0 ? 2 * right / (labeled + predicted) : 0;
}

}  // namespace

Predictions::Predictions(const at::Tensor& logits, const at::Tensor& labels)
    : num_classes_(logits.size(1)), labels_(to_vector(labels)) {
  require(logits.size(0) == labels.size(0) && labels.numel() > 0, "predictions of some samples");
  const at::Tensor own = logits.gather(1, labels.unsqueeze(1));
  const at::Tensor before = at::arange(num_classes_, labels.options()) < labels.unsqueeze(1);
  rank_ = to_vector((logits > own).logical_or((logits == own).logical_and(before)).sum(1));
  predicted_ =
      to_vector(std::get<1>(logits.sort(/*stable=*/true, 1, /*descending=*/true)).select(1, 0));

  const at::Tensor probabilities = logits.to(at::kDouble).softmax(1).t().contiguous();
  const auto n = static_cast<size_t>(num_samples());
  std::vector<uint8_t> positive(n);
  for (int64_t c = 0; c < num_classes_; ++c) {
    for (size_t i = 0; i < n; ++i) positive[i] = labels_[i] == c ? 1 : 0;
    curves_.emplace_back(std::span(probabilities[c].const_data_ptr<double>(), n), positive);
  }
}

Predictions::Counts Predictions::count(std::span<const double> weights) const {
  const auto classes = static_cast<size_t>(num_classes_);
  Counts counts = {std::vector<double>(classes), std::vector<double>(classes),
                   std::vector<double>(classes)};
  for (size_t i = 0; i < labels_.size(); ++i) {
    counts.labeled[labels_[i]] += weights[i];
    counts.predicted[predicted_[i]] += weights[i];
    if (labels_[i] == predicted_[i]) counts.right[labels_[i]] += weights[i];
  }
  return counts;
}

double Predictions::top_k_accuracy(int64_t k, std::span<const double> weights) const {
  double right = 0;
  double all = 0;
  for (size_t i = 0; i < rank_.size(); ++i) {
    if (rank_[i] < k) right += weights[i];
    all += weights[i];
  }
  return ratio(right, all);
}

double Predictions::balanced_accuracy(std::span<const double> weights) const {
  const Counts counts = count(weights);
  double sum = 0;
  double classes = 0;
  for (size_t c = 0; c < counts.labeled.size(); ++c) {
    if (counts.labeled[c] <= 0) continue;
    sum += counts.right[c] / counts.labeled[c];
    ++classes;
  }
  return ratio(sum, classes);
}

double Predictions::weighted_f1(std::span<const double> weights) const {
  const Counts counts = count(weights);
  double sum = 0;
  double all = 0;
  for (size_t c = 0; c < counts.labeled.size(); ++c) {
    sum += counts.labeled[c] * f1(counts.right[c], counts.labeled[c], counts.predicted[c]);
    all += counts.labeled[c];
  }
  return ratio(sum, all);
}

double Predictions::macro_auroc(std::span<const double> weights) const {
  double sum = 0;
  double classes = 0;
  for (const RocCurve& curve : curves_) {
    const double area = curve.area(weights);
    if (std::isnan(area)) continue;
    sum += area;
    ++classes;
  }
  return ratio(sum, classes);
}

std::map<std::string, double> Predictions::scores(const std::vector<std::string>& metrics,
                                                  std::span<const double> weights) const {
  std::map<std::string, double> scores;
  for (const auto& metric : metrics) {
    if (metric == "top1") {
      scores[metric] = top_k_accuracy(1, weights);
    } else if (metric == "top5") {
      scores[metric] = top_k_accuracy(5, weights);
    } else if (metric == "balanced_accuracy") {
      scores[metric] = balanced_accuracy(weights);
    } else if (metric == "weighted_f1") {
      scores[metric] = weighted_f1(weights);
    } else if (metric == "auroc") {
      scores[metric] = macro_auroc(weights);
    } else {
      throw InternalError("unknown classification metric " + metric);
    }
  }
  return scores;
}

std::vector<Predictions::ClassScores> Predictions::class_scores(
    std::span<const double> weights) const {
  const Counts counts = count(weights);
  std::vector<ClassScores> scores;
  for (size_t c = 0; c < counts.labeled.size(); ++c) {
    scores.push_back({.count = counts.labeled[c],
                      .recall = ratio(counts.right[c], counts.labeled[c]),
                      .precision = ratio(counts.right[c], counts.predicted[c]),
                      .f1 = f1(counts.right[c], counts.labeled[c], counts.predicted[c]),
                      .auroc = curves_[c].area(weights)});
  }
  return scores;
}

std::vector<std::vector<int64_t>> Predictions::confusion() const {
  const auto classes = static_cast<size_t>(num_classes_);
  std::vector<std::vector<int64_t>> table(classes, std::vector<int64_t>(classes));
  for (size_t i = 0; i < labels_.size(); ++i) ++table[labels_[i]][predicted_[i]];
  return table;
}

}  // namespace dermatome
