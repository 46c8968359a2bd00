// Learning rate as a function of the step: linear warm-up, then cosine to zero (open_clip's
// cosine_lr).
#pragma once

#include <cstdint>

namespace dermatome {

// The rate of step `step`, 0 <= step < total_steps. Warm-up step s has (s + 1) / warmup of `peak`.
double cosine_learning_rate(double peak, int64_t warmup, int64_t total_steps, int64_t step);

}  // namespace dermatome
