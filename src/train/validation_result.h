// What one validation measured.
#pragma once

#include <nlohmann/json.hpp>

namespace dermatome {

struct ValidationResult {
  nlohmann::json scores;      // by name: `loss`, the objective's, and each benchmark's
  nlohmann::json benchmarks;  // by name: `hashes` and `leakage` of what was scored
};

}  // namespace dermatome
