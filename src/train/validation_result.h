// What one validation measured.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace dermatome {

struct ValidationResult {
  nlohmann::json scores;                  // by name: `loss`, the objective's, and each benchmark's
  nlohmann::json benchmarks;              // by name: `hashes` and `leakage` of what was scored
  std::map<std::string, double> seconds;  // how long each of `scores` took, by its name
};

}  // namespace dermatome
