// A distribution from which a parameter's first values are drawn.
#pragma once

#include <cmath>
#include <cstdint>

namespace dermatome {

struct Distribution {
  enum class Shape { kConstant, kNormal, kUniform };
  Shape shape;
  // kConstant: the value. kNormal: standard deviation, mean 0. kUniform: bound of a symmetric
  // interval.
  double scale;
};

inline Distribution constant(double value) { return {Distribution::Shape::kConstant, value}; }
inline Distribution normal(double deviation) { return {Distribution::Shape::kNormal, deviation}; }
inline Distribution uniform(double bound) { return {Distribution::Shape::kUniform, bound}; }

inline double inverse_root(int64_t n) { return 1 / std::sqrt(static_cast<double>(n)); }

// nn.Linear's and nn.Conv2d's own choice for weight and bias: Kaiming uniform with a = sqrt(5).
inline Distribution torch_default(int64_t fan_in) { return uniform(inverse_root(fan_in)); }

}  // namespace dermatome
