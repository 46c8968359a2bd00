#include "src/run/evaluation_log.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "src/core/error.h"
#include "src/core/json_lines.h"
#include "src/core/log.h"
#include "src/core/text.h"
#include "src/run/run_directory.h"

namespace dermatome {

using Json = nlohmann::ordered_json;

EvaluationLog::EvaluationLog(const std::filesystem::path& run_directory)
    : path_(RunDirectory(run_directory).evaluations()) {
  const uint64_t whole = read_json_lines(path_, [&](const Json& line, const std::string& where) {
    try {
      keep(line, /*of_this_start=*/false);
    } catch (const Json::exception& error) {
      throw DataError(text(where, ": ", error.what(), "; remove the line"));
    }
  });
  if (std::filesystem::exists(path_) && std::filesystem::file_size(path_) > whole) {
    log_warning(path_.string() + ": dropped its last line, which was cut short");
    std::filesystem::resize_file(path_, whole);
  }
}

void EvaluationLog::keep(const Json& line, bool of_this_start) {
  std::map<std::string, double> scores;
  for (const auto& [metric, score] : line.at("scores").items()) {
    if (score.is_number()) scores[metric] = score;  // null: not a finite number
  }
  lines_.push_back({{line.at("step"), line.value("state", std::string())},
                    {line.at("benchmark"), line.value("definition", std::string())},
                    /*of_test=*/line.value("role", std::string()) == "test",
                    /*to_retry=*/line.contains("failure") && !of_this_start,
                    std::move(scores)});
}

bool EvaluationLog::has(const ScoredCheckpoint& checkpoint, const Definition& definition) const {
  return std::ranges::any_of(lines_, [&](const Line& line) {
    return line.checkpoint == checkpoint && line.definition == definition && !line.to_retry;
  });
}

void EvaluationLog::add(const ScoredCheckpoint& checkpoint, const Definition& definition,
                        const Json& result) {
  Json line = {{"step", checkpoint.step}, {"benchmark", definition.benchmark}};
  line.update(result);
  line["state"] = checkpoint.state;
  line["definition"] = definition.hash;
  append_json_line(path_, line);
  keep(line, /*of_this_start=*/true);
}

std::optional<int64_t> EvaluationLog::best_step(
    const Criterion& criterion, std::span<const ScoredCheckpoint> checkpoints) const {
  std::map<int64_t, double> scores;  // by step
  for (const Line& line : lines_) {
    if (line.definition != criterion.definition || line.of_test) continue;
    if (std::ranges::find(checkpoints, line.checkpoint) == checkpoints.end()) continue;
    const auto found = line.scores.find(criterion.metric);
    if (found == line.scores.end()) continue;
    const double score = found->second * (criterion.lower_is_better ? -1 : 1);
    if (!std::isnan(score)) scores[line.checkpoint.step] = score;
  }
  if (scores.empty()) return std::nullopt;
  return std::ranges::max_element(scores, {}, &std::pair<const int64_t, double>::second)->first;
}

}  // namespace dermatome
