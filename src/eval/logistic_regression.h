// Multinomial logistic regression on fixed features, solved to its optimum by Newton's method.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace dermatome {

// The function that is minimized. W are the weights; biases are not penalized.
enum class Penalty {
  // C * sum of the samples' cross-entropies + |W|^2 / 2: scikit-learn's LogisticRegression, which
  // CLIP's linear probe uses. For two classes W is, as there, the difference of their weights.
  kSquared,
  // Mean of the cross-entropies + |W| / (2 C), with the norm not squared, as in the linear probe of
  // PanDerm's code.
  kNorm,
};

struct LinearClassifier {
  at::Tensor weight;     // [K, d] double
  at::Tensor bias;       // [K] double; -infinity for a class that had no samples
  double objective = 0;  // the least value, to within 1e-10 of itself

  // features [n, d] to [n, K] double.
  at::Tensor logits(const at::Tensor& features) const;
};

// features [n, d] floating, labels [n] int64 in [0, num_classes), both in host memory; c > 0. Equal
// arguments give equal bits at an equal number of threads. Throws DataError for features that are
// not finite or labels of fewer than two classes.
LinearClassifier fit_logistic_regression(const at::Tensor& features, const at::Tensor& labels,
                                         int64_t num_classes, double c, Penalty penalty);

}  // namespace dermatome
