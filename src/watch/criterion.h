// Reads by which score of which benchmark the best checkpoint is chosen.
#pragma once

#include <string>
#include <vector>

#include "src/eval/benchmark_options.h"
#include "src/run/evaluation_log.h"

namespace dermatome {

// `select` is BENCHMARK:METRIC, a score of one of the benchmarks, which must have role validation.
// `definitions` [benchmarks] are the benchmarks'. Throws ConfigError.
Criterion parse_criterion(const std::string& select,
                          const std::vector<const BenchmarkOptions*>& benchmarks,
                          const std::vector<Definition>& definitions);

}  // namespace dermatome
