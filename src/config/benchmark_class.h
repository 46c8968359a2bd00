// A class or a concept of a benchmark, as its YAML file lists it.
#pragma once

#include <string>
#include <vector>

namespace dermatome {

struct BenchmarkClass {
  std::string label;               // value in the label column; for a concept: its column
  std::vector<std::string> names;  // put into the templates; several are averaged

  bool operator==(const BenchmarkClass&) const = default;
};

}  // namespace dermatome
