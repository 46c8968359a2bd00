// Scores checkpoints on benchmarks. All files that can be wrong are read before the first image.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "src/config/model_options.h"
#include "src/distributed/collectives.h"
#include "src/eval/benchmark.h"
#include "src/eval/leakage.h"
#include "src/weights/model_hints.h"

namespace dermatome {

enum class ResultFormat { kDermatome, kClipBenchmark };

struct EvaluationOptions {
  std::vector<std::string> benchmarks;  // YAML files
  std::string near_duplicates;          // read_leakage(); empty: not checked
  ResultFormat format = ResultFormat::kDermatome;
  int64_t batch_size = 256;
  Precision precision = Precision::kFp32;
  int64_t max_bad = 0;  // as in Benchmark::run()
  ModelHints hints;     // about checkpoints that no file describes
};

class Evaluation {
 public:
  // Opens the benchmarks. Throws ConfigError, also for a benchmark that the format cannot hold, and
  // DataError.
  explicit Evaluation(const EvaluationOptions& options);

  // Throws ConfigError, on every rank, unless all ranks have the same binary, benchmarks, batch
  // size, precision and number of checkpoints. `version` is the binary's. A collective call.
  void compare_ranks(const std::string& version, int64_t num_checkpoints, Collectives& collectives,
                     c10::Device device) const;

  // Scores the checkpoint on every benchmark; rank 0 gives each result to `write`. A collective
  // call. Throws DataError, and ConfigError where ranks loaded different weights.
  using Write = std::function<void(const nlohmann::ordered_json& line)>;
  void score(const std::string& checkpoint, Collectives& collectives, c10::Device device,
             const Write& write) const;

 private:
  EvaluationOptions options_;
  std::vector<Benchmark> benchmarks_;
  std::vector<std::optional<Leakage>> leakages_;  // [benchmarks]; nullopt: not checked
};

}  // namespace dermatome
