#include "src/run/run_log.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "src/core/clock.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/json_text.h"
#include "src/core/log.h"
#include "src/core/progress.h"
#include "src/core/text.h"
#include "src/run/run_directory.h"

namespace dermatome {
namespace {

using nlohmann::json;

// The lines of an earlier part of the run that still count when it continues from `step`. A last
// line cut short by a kill does not.
std::string lines_up_to(const std::string& content, int64_t step) {
  std::istringstream lines(content);
  std::string kept;
  for (std::string line; std::getline(lines, line);) {
    const json parsed = json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (parsed.is_object() && parsed.value("step", int64_t{-1}) <= step) kept += line + "\n";
  }
  return kept;
}

// The total and, in brackets, its terms: "8.12346 (NAME 7.86100, NAME 0.37494)".
std::string loss_text(const std::vector<std::pair<std::string, double>>& values) {
  std::string terms;
  for (size_t i = 1; i < values.size(); ++i) {
    terms += format("%s%s %.5f", i == 1 ? "" : ", ", values[i].first.c_str(), values[i].second);
  }
  const std::string total = format("%.5f", values.at(0).second);
  return terms.empty() ? total : text(total, " (", terms, ")");
}

}  // namespace

RunLog::RunLog(const std::filesystem::path& run_directory, int64_t step)
    : path_(RunDirectory(run_directory).results()) {
  if (std::filesystem::exists(path_)) {
    write_file_atomically(path_, lines_up_to(read_file(path_), step));
  }
  file_.open(path_, std::ios::app);
  if (!file_) throw DataError("cannot write " + path_.string());
}

bool RunLog::has_validation(int64_t step) const {
  std::istringstream lines(read_file(path_));
  for (std::string line; std::getline(lines, line);) {
    const json parsed = json::parse(line);
    if (parsed.at("step") == step && parsed.contains("validation")) return true;
  }
  return false;
}

void RunLog::write(json line) {
  line["time"] = utc_time();
  file_ << json_line(line) << std::endl;
  if (!file_) throw DataError("cannot write " + path_.string());
}

void RunLog::step(const StepReport& report) {
  const double images_per_second = static_cast<double>(report.global_batch) / report.step_seconds;
  const double seconds_left =
      report.step_seconds * static_cast<double>(report.total_steps - report.step);
  const auto whole = [](int64_t value) { return static_cast<long long>(value); };
  log_info(
      format("Train Epoch: %lld [%lld/%lld (%.0f%%)] Left: %s Data (t): %.3f Batch (t): %.3f, "
             "%.1f/s LR: %.6f "
             "Logit Scale: %.3f Loss: %s",
             whole(report.epoch), whole(report.step_in_epoch * report.global_batch),
             whole(report.steps_per_epoch * report.global_batch),
             100.0 * static_cast<double>(report.step_in_epoch) /
                 static_cast<double>(report.steps_per_epoch),
             duration_text(seconds_left).c_str(), report.data_seconds, report.step_seconds,
             images_per_second, report.lr, report.logit_scale, loss_text(report.values).c_str()));
  json train = {
      {"loss", report.values.at(0).second},     {"lr", report.lr},
      {"logit_scale", report.logit_scale},      {"gradient_norm", report.gradient_norm},
      {"images_per_second", images_per_second}, {"data_seconds", report.data_seconds},
      {"step_seconds", report.step_seconds},    {"memory_mib", std::round(report.memory_mib)}};
  for (size_t i = 1; i < report.values.size(); ++i) {
    const auto& [name, value] = report.values[i];
    require(!train.contains(name), "a term of the objective is named as a number of the log");
    train[name] = value;
  }
  write({{"step", report.step}, {"epoch", report.epoch}, {"train", train}});
}

void RunLog::validation(int64_t step, int64_t epoch, const json& scores, const json& benchmarks,
                        const std::map<std::string, double>& seconds) {
  for (const auto& [name, values] : scores.items()) {
    log_info(text("Eval Step: ", step, " Epoch: ", epoch, " ", name, " ", four_digits(values),
                  " Took: ", duration_text(seconds.at(name))));
  }
  write({{"step", step}, {"epoch", epoch}, {"validation", scores}, {"benchmarks", benchmarks}});
}

void RunLog::changes(int64_t step, int64_t epoch, const std::vector<Difference>& changes) {
  if (changes.empty()) return;
  log_info(text("continuing with other settings: ", differences_text(changes)));
  json by_key = json::object();
  for (const Difference& change : changes) {
    by_key[change.key] = {{"before", change.before}, {"after", change.after}};
  }
  write({{"step", step}, {"epoch", epoch}, {"changes", by_key}});
}

}  // namespace dermatome
