// A benchmark's YAML file.
#pragma once

#include <filesystem>
#include <span>

#include "src/eval/benchmark_options.h"
#include "src/eval/kinds/kinds.h"

namespace dermatome {

// Reads and validates `path`, a benchmark of one of `kinds`. `data.csv`, `data.images` and paths of
// further files are relative to the key `root`, itself relative to the file's folder (default: that
// folder); the data need not exist yet. Throws ConfigError naming file, line, column, key and
// value.
BenchmarkOptions load_benchmark(const std::filesystem::path& path,
                                std::span<const BenchmarkKind* const> kinds = benchmark_kinds());

}  // namespace dermatome
