// What is measured between training steps: the objective on held-out shards and the benchmarks.
#pragma once

#include <cstdint>
#include <exception>
#include <future>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <vector>

#include "sharding/dataset.h"
#include "src/core/rank_facts.h"
#include "src/distributed/collectives.h"
#include "src/eval/benchmark.h"
#include "src/train/train_step.h"

namespace dermatome {

struct TrainOptions;
struct ValidationOptions;
struct ValidationResult;

// The shards of data.validation, whose captions have the ids of `tokens`; null if it is empty.
// Throws ConfigError if they do not fit the objective, have no texts, or cannot be prepared as
// `preprocess` asks.
std::unique_ptr<ShardedDataset> open_validation_set(const TrainOptions& options,
                                                    const PreprocessConfig& preprocess,
                                                    const TokenFormat& tokens);

// The tables of validation.benchmarks. Throws ConfigError, also if two have the same name.
std::vector<Benchmark> open_benchmarks(const ValidationOptions& options);

// The data on which a run is validated.
struct ValidationData {
  std::unique_ptr<ShardedDataset> dataset;  // null: none
  std::vector<Benchmark> benchmarks;
};

// Opens both. Throws what the two functions above throw.
ValidationData open_validation(const TrainOptions& options, const PreprocessConfig& preprocess,
                               const TokenFormat& tokens);

// Facts about the data, which must be the same on all ranks.
std::vector<RankFact> validation_facts(const ValidationData& data);

class Validation {
 public:
  // Arguments must outlive the object.
  Validation(const TrainOptions& options, const ValidationData& data, const Clip& model,
             const Tokenizer& tokenizer, TrainStep& step, Collectives& collectives);

  // Measures the model as it is. A collective call. Rank 0 hashes the weights and gets a future of
  // the scores, which a host thread computes so that no rank waits for them.
  // A benchmark that fails, and data.validation if it is damaged or its storage is lost on any
  // rank, is logged and left out, or the error is thrown (a benchmark's by the future), as
  // validation.on_failure says.
  std::optional<std::future<ValidationResult>> run();

 private:
  // nullopt: a rank could not read its batch, which was reported; all ranks stop at the same batch.
  std::optional<nlohmann::json> objective_on_validation_set();
  // Throws if damage or lost storage must end the run. `own`: this rank's error, if it has one.
  void report_failure(const std::exception_ptr& own, int64_t failed_rank) const;

  const TrainOptions& options_;
  const ValidationData& data_;
  const Clip& model_;
  const Tokenizer& tokenizer_;
  TrainStep& step_;
  Collectives& collectives_;
};

}  // namespace dermatome
