#include "src/train/schedule.h"

#include <cmath>
#include <numbers>

namespace dermatome {

double cosine_learning_rate(double peak, int64_t warmup, int64_t total_steps, int64_t step) {
  if (step < warmup) return peak * static_cast<double>(step + 1) / static_cast<double>(warmup);
  const double progress =
      static_cast<double>(step - warmup) / static_cast<double>(total_steps - warmup);
  return 0.5 * (1 + std::cos(std::numbers::pi * progress)) * peak;
}

}  // namespace dermatome
