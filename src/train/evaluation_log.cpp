#include "src/train/evaluation_log.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/log.h"
#include "src/eval/result_json.h"

namespace dermatome {

using Json = nlohmann::ordered_json;

bool Criterion::lower_is_better() const {
  return metric.ends_with("_rank") || metric.ends_with("loss");
}

EvaluationLog::EvaluationLog(const std::filesystem::path& run_directory)
    : path_(run_directory / "evaluations.jsonl") {
  if (!std::filesystem::exists(path_)) return;
  const std::string content = read_file(path_);
  std::istringstream stream(content);
  std::string whole;
  int64_t number = 0;
  for (std::string text; std::getline(stream, text);) {
    ++number;
    if (stream.eof()) {  // no line break behind it
      log_warning(path_.string() + ": dropped its last line, which was cut short");
      break;
    }
    try {
      keep(Json::parse(text));
    } catch (const Json::exception& error) {
      throw DataError(path_.string() + ":" + std::to_string(number) + ": " + error.what() +
                      "; remove the line");
    }
    whole += text + "\n";
  }
  if (whole != content) write_file_atomically(path_, whole);
}

void EvaluationLog::keep(const Json& line) {
  lines_.push_back({line.at("step"), line.at("benchmark"),
                    line.value("role", std::string()) == "test", line.at("scores")});
}

bool EvaluationLog::has(int64_t step, const std::string& benchmark) const {
  return std::ranges::any_of(
      lines_, [&](const Line& line) { return line.step == step && line.benchmark == benchmark; });
}

void EvaluationLog::add(int64_t step, const Json& result) {
  Json line = {{"step", step}};
  line.update(result);
  std::ofstream file(path_, std::ios::app);
  file << json_line(line) << "\n";
  file.close();
  if (!file) throw DataError("cannot write " + path_.string());
  sync_path(path_);
  keep(line);
}

int64_t EvaluationLog::newest_step(const std::string& benchmark) const {
  int64_t newest = -1;
  for (const Line& line : lines_) {
    if (line.benchmark == benchmark) newest = std::max(newest, line.step);
  }
  return newest;
}

std::optional<int64_t> EvaluationLog::best_step(const Criterion& criterion,
                                                std::span<const int64_t> steps) const {
  std::optional<int64_t> best;
  double best_score = 0;
  for (const Line& line : lines_) {
    if (line.benchmark != criterion.benchmark || line.of_test) continue;
    if (std::ranges::find(steps, line.step) == steps.end()) continue;
    const auto found = line.scores.find(criterion.metric);
    if (found == line.scores.end() || !found->is_number()) continue;  // null: not a number
    const double score = found->get<double>() * (criterion.lower_is_better() ? -1 : 1);
    if (std::isnan(score)) continue;
    if (!best || score > best_score || (score == best_score && line.step < *best)) {
      best = line.step;
      best_score = score;
    }
  }
  return best;
}

}  // namespace dermatome
