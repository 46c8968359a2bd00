// What the log says of a whole run: one line at its start and one at its end.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "src/core/clock.h"
#include "src/train/run_length.h"

namespace dermatome {

class Benchmark;
struct TrainOptions;

// A score of a run's validations.
struct FollowedScore {
  std::string set;  // the benchmark's name, or `loss`
  std::string metric;
  bool lower_is_better = false;
  // Of a benchmark of role test the last score counts: its scores choose no step.
  bool is_test = false;
};

// Of each benchmark its first metric, then the loss on data.validation.
std::vector<FollowedScore> followed_scores(const std::vector<Benchmark>& benchmarks);

// The best or last value of each score in the run's results.jsonl, in words, such as
// "best pad top1 0.4567 (step 200)", separated by commas; empty if there is none. Of equal values
// the earliest counts. Throws DataError.
std::string scores_text(const std::filesystem::path& results,
                        const std::vector<FollowedScore>& scores);

class RunSummary {
 public:
  struct Size {
    RunLength length;
    int64_t num_parameters = 0;
    int64_t num_locked = 0;   // of the parameters
    int64_t num_samples = 0;  // of the data set
    int64_t num_ranks = 1;
    int64_t steps_done = 0;  // when this process started
  };

  // Logs the line of the start.
  RunSummary(const TrainOptions& options, const Size& size);

  // Logs the line of the end: how long the steps since the start took, the scores, and what to look
  // at next. Throws what scores_text() throws.
  void finish(const std::vector<FollowedScore>& scores) const;

 private:
  const TrainOptions& options_;
  Size size_;
  Clock::time_point start_ = Clock::now();
};

}  // namespace dermatome
