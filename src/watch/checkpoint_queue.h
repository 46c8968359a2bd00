// Which checkpoint of a run is to be scored next, by which benchmarks, and which one is the best so
// far. One process looks at the run's directory; the training may write and remove checkpoints
// meanwhile.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "src/core/error.h"
#include "src/run/evaluation_log.h"

namespace dermatome {

// A checkpoint to score.
struct DueCheckpoint {
  ScoredCheckpoint checkpoint;
  std::vector<bool> wanted;  // [benchmarks]: which have not scored it
};

class CheckpointQueue {
 public:
  // `run` is a run's directory, which exists. With a criterion, next() marks the best one.
  // Throws DataError for a damaged log of evaluations.
  CheckpointQueue(const std::filesystem::path& run, std::vector<Definition> definitions,
                  std::optional<Criterion> best_by);

  // The oldest checkpoint that verifies and that a benchmark has not scored; nullopt: none is due.
  // Warns once of what is wrong with a checkpoint that it refuses, and does not read it again until
  // it changes.
  std::optional<DueCheckpoint> next();

  // Whether the last look found a checkpoint of `step` or a later one that all benchmarks scored.
  bool has_scored(int64_t step) const { return last_scored_ >= step; }

  // Keeps a result of benchmark `index`: result_json()'s, or one with `failure` and empty `scores`,
  // after which the checkpoint is not due again for this benchmark. Throws DataError.
  void keep(const ScoredCheckpoint& checkpoint, size_t index, const nlohmann::ordered_json& result);

 private:
  std::vector<ScoredCheckpoint> list_checkpoints();
  bool verifies(int64_t step);
  void refuse(int64_t step, const DataError& error);
  std::string stamp(int64_t step) const;
  void choose_best(const std::vector<ScoredCheckpoint>& checkpoints);

  std::filesystem::path checkpoints_;
  std::vector<Definition> definitions_;
  std::optional<Criterion> best_by_;
  EvaluationLog log_;
  std::optional<int64_t> best_;             // the step that RUN/best names
  std::map<int64_t, std::string> refused_;  // stamps of damaged checkpoints by step
  int64_t last_scored_ = -1;
};

}  // namespace dermatome
