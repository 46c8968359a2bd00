// Computes a benchmark's result from its features.
#pragma once

#include <string>

namespace dermatome {

enum class BenchmarkRole;
struct BenchmarkFeatures;
struct BenchmarkOptions;
struct BenchmarkResult;
struct BenchmarkTable;
struct Leakage;

struct ScoringOptions {
  bool brief = false;  // only `hashes` and `leakage` in `details`: for validation during training
  bool as_clip_benchmark = false;    // the scores that CLIP_benchmark has are computed as it does
  const Leakage* leakage = nullptr;  // null: not checked
};

// "validation" or "test".
std::string role_name(BenchmarkRole role);

// What confidence intervals resample: the group column, or images, which count as independent.
std::string resampled_by(const BenchmarkOptions& options);

// `features` must be finite.
BenchmarkResult score_benchmark(const BenchmarkOptions& options, const BenchmarkTable& table,
                                const BenchmarkFeatures& features, const ScoringOptions& how);

}  // namespace dermatome
