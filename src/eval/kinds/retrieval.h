// Cross-modal retrieval: every image has one caption or several.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "src/eval/benchmark_table.h"

namespace dermatome {

// Rows that name the same image give it several captions, which stand together here.
struct Captions final : Truth {
  std::vector<std::string> captions;
  std::vector<int64_t> image_of;  // [captions], ascending
};

}  // namespace dermatome
