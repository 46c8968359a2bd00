// Samples with one feature, for tests of linear classifiers.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "src/eval/probe/draws.h"

namespace dermatome {

inline LabeledFeatures one_feature(const std::vector<double>& features,
                                   const std::vector<int64_t>& labels) {
  return {at::tensor(features, at::kFloat).unsqueeze(1), at::tensor(labels, at::kLong)};
}

}  // namespace dermatome
