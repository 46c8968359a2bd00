// Which images of a benchmark are also in the training data.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>

namespace dermatome {

struct Leakage {
  std::string source;           // the file that lists them
  std::set<std::string> names;  // as the benchmark's table has them
};

// Reads what a CSV file that `dermatome duplicates TRAINING --against BENCHMARK… --output FILE`
// wrote says of the benchmark whose file is `benchmark`. nullopt, with a warning, if the training
// data were not compared with this benchmark. Throws DataError.
std::optional<Leakage> read_leakage(const std::filesystem::path& path,
                                    const std::filesystem::path& benchmark);

}  // namespace dermatome
