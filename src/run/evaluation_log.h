// What the checkpoints of a run scored: <run>/evaluations.jsonl, one JSON object a line with
// `step`, `state`, `benchmark`, `definition` and `scores`, and more that only readers of the file
// want.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace dermatome {

// A benchmark as it was when it scored: under one name it may be written anew.
struct Definition {
  std::string benchmark;  // its name
  std::string hash;       // of its file

  bool operator==(const Definition&) const = default;
};

// A checkpoint as it was when it was scored: training may write another one of that step.
struct ScoredCheckpoint {
  int64_t step = -1;
  std::string state;  // hash of what it holds

  bool operator==(const ScoredCheckpoint&) const = default;
};

// One score of one benchmark, by which checkpoints are compared.
struct Criterion {
  Definition definition;
  std::string metric;

  // Ranks and losses are better when they are lower.
  bool lower_is_better() const;
};

class EvaluationLog {
 public:
  // Reads what is there; a last line that was cut short by a kill is dropped from the file. One
  // process at a time writes. Throws DataError.
  explicit EvaluationLog(const std::filesystem::path& run_directory);

  // Whether that was scored. A failure counts only if it was added to this object: what has read it
  // from the file tries again.
  bool has(const ScoredCheckpoint& checkpoint, const Definition& definition) const;

  // Appends `result`: result_json()'s, or `failure` and no `scores`. On the disk on return. Throws
  // DataError and leaves the file as it was.
  void add(const ScoredCheckpoint& checkpoint, const Definition& definition,
           const nlohmann::ordered_json& result);

  // The step of the one of `checkpoints` with the best score, of equal ones the earliest; nullopt
  // where none has a score. Lines of a benchmark that had role test then do not count.
  std::optional<int64_t> best_step(const Criterion& criterion,
                                   std::span<const ScoredCheckpoint> checkpoints) const;

 private:
  struct Line {
    ScoredCheckpoint checkpoint;
    Definition definition;
    bool of_test = false;
    bool to_retry = false;  // a failure of an earlier start
    nlohmann::json scores;
  };
  void keep(const nlohmann::ordered_json& line, bool of_this_start);

  std::filesystem::path path_;
  std::vector<Line> lines_;
};

}  // namespace dermatome
