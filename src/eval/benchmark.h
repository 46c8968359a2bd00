// A benchmark on a model: images and prompts (or captions) are encoded on all ranks, every sample
// is scored once.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "src/config/options.h"
#include "src/distributed/collectives.h"
#include "src/model/clip.h"
#include "src/text/tokenizer.h"

namespace dermatome {

struct BenchmarkResult {
  std::string name;
  int64_t num_samples = 0;
  std::map<std::string, double> scores;  // by metric name, as classification_scores() and
                                         // retrieval_scores() give them
};

// Computes the scores from what run() gathered: no collective, any thread. Throws DataError where a
// rank failed.
using Scoring = std::function<BenchmarkResult()>;

class Benchmark {
 public:
  // Reads and checks the benchmark's table. Throws DataError naming file, line and column.
  explicit Benchmark(const BenchmarkOptions& options);

  // Encodes this rank's share of the images and distinct texts and gathers the features on all
  // ranks, batch_size rows an encode call. A collective call that every rank leaves in the same
  // way: a rank that fails (an unreadable image) still takes part, and the scoring reports it. Rank
  // 0 gets the scoring, the others an empty function.
  Scoring run(const Clip& model, const Tokenizer& tokenizer, Collectives& collectives,
              int64_t batch_size, Precision precision) const;

  const std::string& name() const { return options_.name; }

 private:
  struct Table {
    std::vector<std::string> images;    // absolute paths
    std::vector<int64_t> labels;        // class index a row (classification)
    std::vector<std::string> captions;  // a row (retrieval)
  };
  BenchmarkOptions options_;
  Table table_;
};

}  // namespace dermatome
