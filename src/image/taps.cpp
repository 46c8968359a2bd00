#include "src/image/taps.h"

#include <algorithm>
#include <cmath>

namespace dermatome {
namespace {

double bicubic(double x) {  // Keys' kernel with a = -1/2
  x = std::abs(x);
  if (x < 1.0) return (1.5 * x - 2.5) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * -0.5;
  return 0.0;
}

double bilinear(double x) { return std::max(0.0, 1.0 - std::abs(x)); }

double scale_of(int input, int output) { return static_cast<double>(input) / output; }

// When shrinking, the kernel is stretched to cover every input pixel: that is the antialiasing.
double stretch_of(double scale) { return std::max(scale, 1.0); }

double support_of(double scale, Interpolation interpolation) {
  return (interpolation == Interpolation::kBicubic ? 2.0 : 1.0) * stretch_of(scale);
}

}  // namespace

void make_taps(int input, int output, Interpolation interpolation, Taps& taps) {
  const auto kernel = interpolation == Interpolation::kBicubic ? bicubic : bilinear;
  const double scale = scale_of(input, output);
  const double support = support_of(scale, interpolation);
  const double shrink = 1.0 / stretch_of(scale);
  taps.max_count = static_cast<int>(std::ceil(support)) * 2 + 1;
  taps.windows.clear();
  taps.weights.assign(static_cast<size_t>(output) * taps.max_count, 0);
  thread_local std::vector<double> memory;
  memory.resize(taps.max_count);
  double* const exact = memory.data();  // a place's weights
  for (int place = 0; place < output; ++place) {
    const double center = (place + 0.5) * scale;
    const int first = std::max(static_cast<int>(center - support + 0.5), 0);
    const int last = std::min(static_cast<int>(center + support + 0.5), input);
    double sum = 0.0;
    for (int tap = 0; tap < last - first; ++tap) {
      exact[tap] = kernel((tap + first - center + 0.5) * shrink);
      sum += exact[tap];
    }
    for (int tap = 0; tap < last - first; ++tap) {
      const double share = sum != 0.0 ? exact[tap] / sum : exact[tap];
      const double weight = share * (1 << kFractionBits);
      taps.weights[static_cast<size_t>(place) * taps.max_count + tap] =
          static_cast<int32_t>(weight + std::copysign(0.5, weight));
    }
    taps.windows.push_back({first, last - first});
  }
}

bool height_first(int input_height, int input_width, int height, int width) {
  return input_height - height > std::max(0, 2 * (input_width - width));
}

}  // namespace dermatome
