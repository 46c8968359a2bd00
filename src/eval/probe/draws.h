// Which training samples a linear probe is fitted to: all, a few of each class, or a share of all.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dermatome {

struct LabeledFeatures {
  at::Tensor features;  // [n, d] fp32
  at::Tensor labels;    // [n] int64, class indices

  // The samples of these indices [m] int64.
  LabeledFeatures rows(const at::Tensor& indices) const;
};

// How much of the training set is used.
struct Amount {
  std::optional<int64_t> shots;    // samples of each class
  std::optional<double> fraction;  // of all samples, in (0, 1]

  bool is_all() const { return !shots && !fraction; }
};

// The draws are random but reproducible: each is a function of its arguments alone.

// `shots` samples of every class: indices [classes * shots], ascending. A draw of more shots with
// the same seed and repetition contains the draw of fewer. Throws DataError naming the class with
// the fewest samples if it has fewer than `shots`.
at::Tensor draw_shots(const at::Tensor& labels, const std::vector<std::string>& classes,
                      int64_t shots, uint64_t seed, uint64_t repetition);

// A share in (0, 1] of n samples, at least one, whatever their classes: indices, ascending. Larger
// shares with the same seed and repetition contain the smaller ones.
at::Tensor draw_share(int64_t num_samples, double share, uint64_t seed, uint64_t repetition);

// draw_shots() or draw_share(), as `amount` says; all samples if it says nothing.
at::Tensor draw_rows(const Amount& amount, const at::Tensor& labels,
                     const std::vector<std::string>& classes, uint64_t seed, uint64_t repetition);

// Divides the samples in two, class by class. The same share of each class is held out, rounded
// down, so that no class loses its only sample.
struct Division {
  at::Tensor kept;  // indices, ascending
  at::Tensor held_out;
};
Division hold_out(const at::Tensor& labels, int64_t num_classes, double share, uint64_t seed);

}  // namespace dermatome
