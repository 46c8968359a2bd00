// A benchmark without the images that cannot be read.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "src/eval/benchmark_features.h"
#include "src/eval/benchmark_options.h"
#include "src/eval/benchmark_table.h"

namespace dermatome {

struct ReadablePart {
  BenchmarkTable table;
  BenchmarkFeatures features;
};

// What is left without the images whose places in the table are the keys of `unreadable`, and
// without all else that the table says of them: the table of the other rows, with their features in
// its order. Throws DataError if nothing is left.
ReadablePart readable_part(const BenchmarkOptions& options, const BenchmarkTable& table,
                           const BenchmarkFeatures& features,
                           const std::map<int64_t, std::string>& unreadable);

}  // namespace dermatome
