#include "src/eval/metrics.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace dermatome {
namespace {

double mean_of(const at::Tensor& values) { return values.to(at::kDouble).mean().item<double>(); }

// Samples of each class, [C] double.
at::Tensor class_counts(const at::Tensor& classes, int64_t num_classes) {
  return at::bincount(classes, /*weights=*/{}, num_classes).to(at::kDouble);
}

// Right predictions of each class, [C] double.
at::Tensor class_hits(const at::Tensor& predicted, const at::Tensor& labels, int64_t num_classes) {
  return class_counts(labels.index({predicted == labels}), num_classes);
}

}  // namespace

double top_k_accuracy(const at::Tensor& logits, const at::Tensor& labels, int64_t k) {
  const auto top = std::get<1>(logits.topk(std::min(k, logits.size(1)), /*dim=*/1));
  return mean_of((top == labels.unsqueeze(1)).any(1));
}

double balanced_accuracy(const at::Tensor& logits, const at::Tensor& labels) {
  const int64_t num_classes = logits.size(1);
  const at::Tensor counts = class_counts(labels, num_classes);
  const at::Tensor hits = class_hits(logits.argmax(1), labels, num_classes);
  const at::Tensor present = counts > 0;
  return mean_of(hits.index({present}) / counts.index({present}));
}

double weighted_f1(const at::Tensor& logits, const at::Tensor& labels) {
  const int64_t num_classes = logits.size(1);
  const at::Tensor predicted = logits.argmax(1);
  const at::Tensor counts = class_counts(labels, num_classes);
  // F1 = 2 TP / (2 TP + FP + FN), and the bracket is (true + predicted) of the class.
  const at::Tensor f1 = 2 * class_hits(predicted, labels, num_classes) /
                        (counts + class_counts(predicted, num_classes)).clamp_min(1);
  return ((f1 * counts).sum() / counts.sum()).item<double>();
}

double auroc(const at::Tensor& scores, const at::Tensor& positive) {
  const at::Tensor values = scores.to(at::kDouble);
  const at::Tensor positives = std::get<0>(values.index({positive}).sort());
  const at::Tensor negatives = std::get<0>(values.index({positive.logical_not()}).sort());
  if (positives.numel() == 0 || negatives.numel() == 0) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  // Wins plus half of the ties, over all pairs of a positive and a negative.
  const at::Tensor below = at::searchsorted(negatives, positives);
  const at::Tensor not_above =
      at::searchsorted(negatives, positives, /*out_int32=*/false, /*right=*/true);
  const double pairs =
      static_cast<double>(positives.numel()) * static_cast<double>(negatives.numel());
  return (below + not_above).sum().item<double>() / 2 / pairs;
}

double macro_auroc(const at::Tensor& logits, const at::Tensor& labels) {
  const at::Tensor probabilities = logits.to(at::kDouble).softmax(1);
  double sum = 0;
  int64_t classes = 0;
  for (int64_t c = 0; c < logits.size(1); ++c) {
    const double area = auroc(probabilities.select(1, c), labels == c);
    if (std::isnan(area)) continue;
    sum += area;
    ++classes;
  }
  return classes > 0 ? sum / static_cast<double>(classes)
                     : std::numeric_limits<double>::quiet_NaN();
}

RetrievalRanks retrieval_ranks(const at::Tensor& queries, const at::Tensor& candidates) {
  constexpr int64_t kChunk = 1024;
  const int64_t n = queries.size(0);
  const RetrievalRanks ranks = {at::empty({n}, at::kLong), at::empty({n}, at::kLong)};
  for (int64_t first = 0; first < n; first += kChunk) {
    const int64_t last = std::min(first + kChunk, n);
    const at::Tensor cosines = queries.slice(0, first, last).mm(candidates.t());
    // The own cosine is read from the same product, so that a tie with itself is exact.
    const at::Tensor own = cosines.slice(1, first, last).diagonal().unsqueeze(1);
    ranks.better.slice(0, first, last).copy_((cosines > own).sum(1));
    ranks.tied.slice(0, first, last).copy_((cosines == own).sum(1) - 1);
  }
  return ranks;
}

double recall_at(const at::Tensor& ranks, int64_t k) { return mean_of(ranks < k); }

double mean_rank(const at::Tensor& ranks) { return mean_of(ranks) + 1; }

double median_rank(const at::Tensor& ranks) {
  return std::floor(ranks.to(at::kDouble).quantile(0.5).item<double>()) + 1;
}

}  // namespace dermatome
