// Ranks that score benchmarks together, but were started differently, are refused. Otherwise they
// would score a mixture of models or files, or wait for each other for ever.
//
// The two comparisons are collective calls and throw ConfigError on every rank, naming the ranks
// and what differs (src/distributed/rank_comparison.h).
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <string>
#include <vector>

#include "src/config/model_options.h"
#include "src/core/rank_facts.h"
#include "src/distributed/collectives.h"
#include "src/eval/benchmark.h"
#include "src/model/clip.h"

namespace dermatome {

// The benchmarks' names in their order, and what each one's scores depend on, except the model, the
// images and the precision. `where`: the setting that lists the benchmarks. Throws DataError.
std::vector<RankFact> benchmark_facts(const std::vector<Benchmark>& benchmarks,
                                      const std::string& where);

struct ScorerSettings {
  std::string binary;  // its version
  int64_t batch_size = 0;
  Precision precision = Precision::kFp32;
};

// Compares the settings, the benchmarks and `further` facts. Call it first: ranks wait for each
// other in everything that follows.
void compare_scorers(const ScorerSettings& settings, const std::vector<Benchmark>& benchmarks,
                     const std::vector<RankFact>& further, Collectives& collectives,
                     c10::Device device);

// Compares what ranks loaded from `checkpoint`, a name for messages.
void compare_loaded(const Clip& model, const std::string& checkpoint, Collectives& collectives,
                    c10::Device device);

}  // namespace dermatome
