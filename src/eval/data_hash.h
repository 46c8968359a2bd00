// The identity of a benchmark's data.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "src/eval/benchmark_table.h"

namespace dermatome {

// SHA-256 over the table's file and the CRC-32C of every picture's bytes, in the table's order.
std::string data_hash(const BenchmarkTable& table, std::span<const uint32_t> checksums);

}  // namespace dermatome
