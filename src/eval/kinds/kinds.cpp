#include "src/eval/kinds/kinds.h"

#include <array>

namespace dermatome {

std::span<const BenchmarkKind* const> benchmark_kinds() {
  static const std::array kKinds = {&classification_kind(), &concepts_kind(), &retrieval_kind()};
  return kKinds;
}

}  // namespace dermatome
