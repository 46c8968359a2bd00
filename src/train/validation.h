// What is measured between training steps: the objective on held-out shards and the benchmarks.
#pragma once

#include <cstdint>
#include <exception>
#include <future>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "sharding/dataset.h"
#include "src/distributed/rank_comparison.h"
#include "src/eval/benchmark.h"
#include "src/train/train_step.h"

namespace dermatome {

struct TrainOptions;
struct ValidationOptions;

// The shards of data.validation; null where there are none. Throws ConfigError when they do not fit
// the objective, or cannot be prepared as `preprocess` asks.
std::unique_ptr<ShardedDataset> open_validation_set(const TrainOptions& options,
                                                    const PreprocessConfig& preprocess,
                                                    const Tokenizer& tokenizer);

// The tables of validation.benchmarks. Throws ConfigError also for two of one name.
std::vector<Benchmark> open_benchmarks(const ValidationOptions& options);

// What is measured on.
struct ValidationData {
  std::unique_ptr<ShardedDataset> dataset;  // null: none
  std::vector<Benchmark> benchmarks;
};

// All of it. Throws as the two above.
ValidationData open_validation(const TrainOptions& options, const PreprocessConfig& preprocess,
                               const Tokenizer& tokenizer);

struct ValidationResult {
  nlohmann::json scores;      // by name: `loss`, the objective's, and each benchmark's
  nlohmann::json benchmarks;  // by name: `hashes` and `leakage` of what was scored
};

class Validation {
 public:
  // Arguments must outlive the object.
  Validation(const TrainOptions& options, const ValidationData& data, const Clip& model,
             const Tokenizer& tokenizer, TrainStep& step, Collectives& collectives);

  // The held-out data and benchmarks, which all ranks must have alike.
  std::vector<RankFact> facts() const;

  // Measures the model as it is. A collective call. On rank 0, which hashes the weights meanwhile,
  // the future gives the scores, computed on a host thread so that no rank waits for them.
  // What failed, data.validation by damage or lost storage on any rank, or a benchmark, is logged
  // and left out, or thrown (a benchmark's error by the future), as validation.on_failure says.
  std::optional<std::future<ValidationResult>> run();

 private:
  // nullopt: a rank could not read its batch, which was reported; all ranks left in the same one.
  std::optional<nlohmann::json> objective_on_validation_set();
  // Throws where damage or lost storage is to end the run. `own`: this rank's error, if it has one.
  void report_failure(const std::exception_ptr& own, int64_t failed_rank) const;

  const TrainOptions& options_;
  const ValidationData& data_;
  const Clip& model_;
  const Tokenizer& tokenizer_;
  TrainStep& step_;
  Collectives& collectives_;
};

}  // namespace dermatome
