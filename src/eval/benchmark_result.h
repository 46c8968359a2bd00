// What a benchmark says of a model.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace dermatome {

struct BenchmarkResult {
  std::string name;
  int64_t num_samples = 0;
  std::map<std::string, double> scores;  // by metric name
  // Everything else that belongs to a result, as it is written: `kind`, `role`, `intervals`,
  // `resamples`, `resampled_by`, `min_slice`, `hashes`, `leakage`, `slices`, `unreadable`, and
  // what its kind adds. configs/benchmarks/README.md lists the keys.
  nlohmann::ordered_json details;
};

}  // namespace dermatome
