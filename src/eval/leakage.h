// Which images of a benchmark training data hold too.
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

// Of a CSV file that `dermatome duplicates TRAINING --against BENCHMARK… --output FILE` wrote: what
// it says of the benchmark whose file is `benchmark`. nullopt, with a warning, when it was not
// compared with that one. Throws DataError.
std::optional<Leakage> read_leakage(const std::filesystem::path& path,
                                    const std::filesystem::path& benchmark);

}  // namespace dermatome
