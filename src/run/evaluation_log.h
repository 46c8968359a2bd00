// The scores of a run's checkpoints: <run>/evaluations.jsonl, one JSON object per line with `step`,
// `state`, `benchmark`, `definition` and `scores`, and further keys for readers of the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace dermatome {

// A benchmark as it was when it scored a checkpoint: its file may change under the same name.
struct Definition {
  std::string benchmark;  // its name
  std::string hash;       // of its file

  bool operator==(const Definition&) const = default;
};

// A checkpoint as it was when it was scored: training may write another one of the same step.
struct ScoredCheckpoint {
  int64_t step = -1;
  std::string state;  // hash of what it holds

  bool operator==(const ScoredCheckpoint&) const = default;
};

// One score of one benchmark, by which checkpoints are compared.
struct Criterion {
  Definition definition;
  std::string metric;
  bool lower_is_better = false;
};

class EvaluationLog {
 public:
  // Reads the file, if it exists; a last line that was cut short by a kill is dropped from it. Only
  // one process at a time may write. Throws DataError.
  explicit EvaluationLog(const std::filesystem::path& run_directory);

  // Whether the benchmark has scored the checkpoint. A failure counts only if it was added to this
  // object: after a restart the checkpoint is tried again.
  bool has(const ScoredCheckpoint& checkpoint, const Definition& definition) const;

  // Appends `result`: that of result_json(), or `failure` with empty `scores`. It is on the disk on
  // return. Throws DataError and leaves the file as it was.
  void add(const ScoredCheckpoint& checkpoint, const Definition& definition,
           const nlohmann::ordered_json& result);

  // The step of the best of `checkpoints`, the earliest one of equal scores; nullopt if none has a
  // score. A line does not count if the benchmark had the role `test` when the line was written.
  std::optional<int64_t> best_step(const Criterion& criterion,
                                   std::span<const ScoredCheckpoint> checkpoints) const;

 private:
  struct Line {
    ScoredCheckpoint checkpoint;
    Definition definition;
    bool of_test = false;
    bool to_retry = false;                 // a failure of an earlier start
    std::map<std::string, double> scores;  // by metric, without those that are no numbers
  };
  void keep(const nlohmann::ordered_json& line, bool of_this_start);

  std::filesystem::path path_;
  std::vector<Line> lines_;
};

}  // namespace dermatome
