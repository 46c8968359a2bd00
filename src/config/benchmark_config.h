// A benchmark's YAML file.
#pragma once

#include <filesystem>

#include "src/config/benchmark_options.h"

namespace dermatome {

// Reads and validates `path`. `data.csv`, `data.images` and `concept_terms` (a JSON object of lists
// of further names by concept) are relative to the key `root`, itself relative to the file's folder
// (default: that folder); the data need not exist yet. Throws ConfigError naming file, line,
// column, key and value.
BenchmarkOptions load_benchmark(const std::filesystem::path& path);

}  // namespace dermatome
