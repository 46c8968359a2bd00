// From a benchmark's features to its result.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "src/config/benchmark_options.h"
#include "src/eval/benchmark_table.h"
#include "src/eval/leakage.h"
#include "src/eval/predictions.h"

namespace dermatome {

struct BenchmarkFeatures {
  at::Tensor images;                // [pictures, d]
  at::Tensor texts;                 // [texts, d], as benchmark_texts() orders them
  std::vector<uint32_t> checksums;  // [pictures]: CRC-32C of each file
};

struct ScoringOptions {
  bool brief = false;  // of `details` only `hashes` and `leakage`: for a look during training
  const Leakage* leakage = nullptr;  // null: not checked
};

struct BenchmarkResult {
  std::string name;
  int64_t num_samples = 0;
  std::map<std::string, double> scores;  // by metric name
  // Everything else that belongs to a result, as it is written: `kind`, `role`, `intervals`,
  // `resamples`, `resampled_by`, `min_slice`, `hashes`, `leakage`, `slices`, and by kind `classes`,
  // `confusion`, `absent_classes`, `unlisted_labels` or `concepts`, `missing_concepts`. README.md,
  // Evaluation.
  nlohmann::ordered_json details;
};

// "validation" or "test".
std::string role_name(BenchmarkRole role);

// What confidence intervals resample: the group's column, or images, said to be independent.
std::string resampled_by(const BenchmarkOptions& options);

// A classification's `classes`: `label`, `n`, `recall`, `precision`, `f1` and `auroc` of each.
nlohmann::ordered_json class_table(const Predictions& predictions, const BenchmarkOptions& options);

// The names of the scores that a benchmark's metrics give.
std::vector<std::string> score_names(const BenchmarkOptions& options);

// The texts a benchmark compares pictures with: prompts or captions.
std::vector<std::string> benchmark_texts(const BenchmarkOptions& options,
                                         const BenchmarkTable& table);

// `features` are finite.
BenchmarkResult score_benchmark(const BenchmarkOptions& options, const BenchmarkTable& table,
                                const BenchmarkFeatures& features, const ScoringOptions& how);

}  // namespace dermatome
