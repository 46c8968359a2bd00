// Linear probes: what a linear classifier fitted to frozen features scores, with all training
// samples or a few a class.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "src/eval/logistic_regression.h"

namespace dermatome {

struct LabelledFeatures {
  at::Tensor features;  // [n, d] fp32
  at::Tensor labels;    // [n] int64, class indices

  // The samples of these indices [m] int64.
  LabelledFeatures rows(const at::Tensor& indices) const;
};

// Random but reproducible: each is a function of its arguments, whatever is drawn besides.

// `shots` samples of every class: indices [classes * shots], ascending. More shots of the same seed
// and repetition contain the fewer ones. Throws DataError naming the class with the fewest samples
// if it has less than `shots`.
at::Tensor draw_shots(const at::Tensor& labels, const std::vector<std::string>& classes,
                      int64_t shots, uint64_t seed, uint64_t repetition);

// A share in (0, 1] of n samples, at least one, whatever their classes: indices, ascending. Larger
// shares of the same seed and repetition contain the smaller ones.
at::Tensor draw_share(int64_t num_samples, double share, uint64_t seed, uint64_t repetition);

// Divides the samples in two, class by class: of each class the same share is held out, rounded
// down, so that none loses its only sample.
struct Division {
  at::Tensor kept;  // indices, ascending
  at::Tensor held_out;
};
Division hold_out(const at::Tensor& labels, int64_t num_classes, double share, uint64_t seed);

// The element of `candidates` with which a classifier fitted to `train` predicts most of
// `validation` right; of equally good ones the smallest, whose penalty is the strongest.
double choose_c(const LabelledFeatures& train, const LabelledFeatures& validation,
                int64_t num_classes, std::vector<double> candidates, Penalty penalty);

}  // namespace dermatome
