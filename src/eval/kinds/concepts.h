// Concept annotation: the table says which concepts each image shows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "src/eval/benchmark_table.h"

namespace dermatome {

struct ConceptCells final : Truth {
  static constexpr uint8_t kUnknown = 2;
  // [concept][image]: 1 present, 0 absent, or kUnknown. A concept without a column is in `missing`
  // and unknown for all images.
  std::vector<std::vector<uint8_t>> present;
  std::vector<std::string> missing;
};

}  // namespace dermatome
