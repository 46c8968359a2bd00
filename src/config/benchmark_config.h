// A benchmark's YAML file.
#pragma once

#include <filesystem>

#include "src/config/options.h"

namespace dermatome {

// Reads and validates `path`. `data.csv` and `data.images` are relative to the key `root`, itself
// relative to the file's folder (default: that folder); they need not exist yet. Throws ConfigError
// naming file, line, column, key and value.
BenchmarkOptions load_benchmark(const std::filesystem::path& path);

}  // namespace dermatome
