// A class or a concept of a benchmark, as its YAML file lists it.
#pragma once

#include <string>
#include <vector>

namespace dermatome {

struct BenchmarkClass {
  std::string label;               // as in the data's label column; a concept's column
  std::vector<std::string> names;  // fill the templates; several are averaged

  bool operator==(const BenchmarkClass&) const = default;
};

}  // namespace dermatome
