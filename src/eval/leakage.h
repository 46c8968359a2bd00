// Which pictures of a benchmark training data hold too.
#pragma once

#include <filesystem>
#include <set>
#include <string>

namespace dermatome {

struct Leakage {
  std::string source;           // the file that lists them
  std::set<std::string> names;  // as the benchmark's table has them
};

// Of a CSV file that `dermatome duplicates TRAINING --against BENCHMARK… --output FILE` wrote.
// Pictures of several benchmarks are told apart by their names alone. Throws DataError.
Leakage read_leakage(const std::filesystem::path& path);

}  // namespace dermatome
