// Zero-shot classification: every image has the label of one class.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "src/eval/benchmark_options.h"
#include "src/eval/benchmark_table.h"

namespace dermatome {

class Predictions;

struct ClassLabels final : Truth {
  explicit ClassLabels(std::vector<int64_t> of_images) : labels(std::move(of_images)) {}
  std::vector<int64_t> labels;  // [images]: index of the class
};

// A result's `classes`: `label`, `n`, `recall`, `precision`, `f1` and `auroc` of each.
nlohmann::ordered_json class_table(const Predictions& predictions, const BenchmarkOptions& options);

}  // namespace dermatome
