// Scores a model on a benchmark: all ranks encode images and prompts (or captions), and every
// sample is scored once.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "src/distributed/collectives.h"
#include "src/eval/benchmark_options.h"
#include "src/eval/benchmark_table.h"
#include "src/eval/scoring.h"

namespace dermatome {

class Clip;
class Tokenizer;
enum class Precision;

// Computes the result from the features that run() gathered. It calls no collective and may run on
// any thread. Throws DataError if a rank failed.
using Scoring = std::function<BenchmarkResult(const ScoringOptions&)>;

class Benchmark;

// Opens the benchmarks of these files. Throws ConfigError, also for two benchmarks of one name, and
// DataError.
std::vector<Benchmark> open_benchmarks(const std::vector<std::string>& paths);

// Scores on a thread of rank 0 while all ranks wait together; rank 0 gets the result, the others
// nullopt. A collective call. Throws DataError on rank 0.
std::optional<BenchmarkResult> score_together(const Scoring& scoring, const ScoringOptions& how,
                                              Collectives& collectives, c10::Device device);

class Benchmark {
 public:
  // Reads and checks the benchmark's table. Throws DataError naming file, line and column.
  explicit Benchmark(const BenchmarkOptions& options);

  // Encodes this rank's share of the images and distinct texts and gathers the features on all
  // ranks, batch_size rows per encode call. A collective call that every rank leaves in the same
  // way: a rank that fails (an unreadable image) still takes part, and the scoring reports it. Rank
  // 0 gets the scoring, which does not need this object; the others get an empty function.
  //
  // Up to `max_bad` images may be unreadable. The scores are then those of the table without all
  // rows of these images, and if max_bad is above 0, the result's `unreadable` says how many they
  // are, which, and why. `hashes.data` covers the whole table, and the images that were read.
  Scoring run(const Clip& model, const Tokenizer& tokenizer, Collectives& collectives,
              int64_t batch_size, Precision precision, int64_t max_bad = 0) const;

  // SHA-256 of all that its scores depend on, except the model and the images: its file, what
  // further files say (BenchmarkKind::add_hashes), its table, and the precision. Throws DataError.
  std::string hash(Precision precision) const;

  const std::string& name() const { return options_.name; }
  int64_t num_images() const { return static_cast<int64_t>(table_.images.size()); }
  const BenchmarkOptions& options() const { return options_; }

 private:
  BenchmarkOptions options_;
  BenchmarkTable table_;
};

}  // namespace dermatome
