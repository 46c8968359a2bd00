// The identity of a benchmark's data, classes and texts.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "src/eval/benchmark_options.h"
#include "src/eval/benchmark_table.h"

namespace dermatome {

// SHA-256 over the table's file and the CRC-32C of every image's bytes, in the table's order.
std::string data_hash(const BenchmarkTable& table, std::span<const uint32_t> checksums);

// SHA-256 over the classes' labels and names, in their order.
std::string classes_hash(const BenchmarkOptions& options);

// SHA-256 over the templates, then the references.
std::string prompts_hash(const BenchmarkOptions& options);

// SHA-256 over texts, in their order.
std::string texts_hash(const std::vector<std::string>& texts);

}  // namespace dermatome
