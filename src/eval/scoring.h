// From a benchmark's features to its result.
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
  bool brief = false;  // of `details` only `hashes` and `leakage`: for a look during training
  const Leakage* leakage = nullptr;  // null: not checked
};

// "validation" or "test".
std::string role_name(BenchmarkRole role);

// What confidence intervals resample: the group's column, or images, said to be independent.
std::string resampled_by(const BenchmarkOptions& options);

// `features` are finite.
BenchmarkResult score_benchmark(const BenchmarkOptions& options, const BenchmarkTable& table,
                                const BenchmarkFeatures& features, const ScoringOptions& how);

}  // namespace dermatome
