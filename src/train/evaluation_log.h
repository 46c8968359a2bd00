// What the checkpoints of a run scored: <run>/evaluations.jsonl, one JSON object a line with
// `step`, `benchmark` and `scores`, and more that only readers of the file want.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace dermatome {

// One score of one benchmark, by which checkpoints are compared.
struct Criterion {
  std::string benchmark;
  std::string metric;

  // Ranks and losses are better when they are lower.
  bool lower_is_better() const;
};

class EvaluationLog {
 public:
  // Reads what is there; a last line that was cut short by a kill is dropped. One process at a time
  // writes. Throws DataError.
  explicit EvaluationLog(const std::filesystem::path& run_directory);

  bool has(int64_t step, const std::string& benchmark) const;

  // Appends, and is on the disk on return. Throws DataError.
  void add(int64_t step, const nlohmann::ordered_json& result);

  // The newest step that a benchmark has a line for; -1: none.
  int64_t newest_step(const std::string& benchmark) const;

  // The one of `steps` with the best score, of equal ones the earliest; nullopt where none has a
  // score. Lines of a benchmark that had role test then do not count.
  std::optional<int64_t> best_step(const Criterion& criterion,
                                   std::span<const int64_t> steps) const;

 private:
  struct Line {
    int64_t step;
    std::string benchmark;
    bool of_test = false;
    nlohmann::json scores;
  };
  void keep(const nlohmann::ordered_json& line);

  std::filesystem::path path_;
  std::vector<Line> lines_;
};

}  // namespace dermatome
