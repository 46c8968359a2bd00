// The hidden width of a transformer's MLPs as open_clip's configurations write it: a multiple of
// the tower's width.
#pragma once

#include <cmath>
#include <cstdint>

namespace dermatome {

// The ratio from which mlp_width() of a tower of this width computes `hidden` back, although it
// cuts off the fraction.
inline double mlp_ratio_of(int64_t hidden, int64_t width) {
  const auto exact = static_cast<double>(hidden);
  const double ratio = exact / static_cast<double>(width);
  const bool is_below = std::floor(static_cast<double>(width) * ratio) < exact;
  return is_below ? std::nextafter(ratio, HUGE_VAL) : ratio;
}

}  // namespace dermatome
