// What the checkpoints of a run scored: <run>/evaluations.jsonl, one JSON object a line with
// `step`, `benchmark` and `scores`, and more that only readers of the file want.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
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

  // The step of the best score, of equal ones the earliest; nullopt where nothing was scored.
  std::optional<int64_t> best_step(const Criterion& criterion) const;

 private:
  struct Line {
    int64_t step;
    std::string benchmark;
    nlohmann::json scores;
  };
  void keep(const nlohmann::ordered_json& line);

  std::filesystem::path path_;
  std::vector<Line> lines_;
};

}  // namespace dermatome
