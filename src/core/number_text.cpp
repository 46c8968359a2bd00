#include "src/core/number_text.h"

#include <cmath>

#include "src/core/log.h"

namespace dermatome {

std::string number_text(double number) {
  const double size = std::abs(number);
  if (size >= 9999.5) return format("%.0f", number);
  return size == 0 || size >= 1e-4 ? format("%.4g", number) : format("%.6f", number);
}

}  // namespace dermatome
