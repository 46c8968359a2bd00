#include "src/report/history.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "src/core/error.h"
#include "src/core/json_lines.h"
#include "src/core/text.h"
#include "src/run/run_directory.h"

namespace dermatome {
namespace {

using nlohmann::json;

// Six digits are more than a curve shows, and a third of what a double prints.
json rounded(double value) {
  if (!std::isfinite(value)) return nullptr;
  if (value == 0) return 0.0;
  const double unit = std::pow(10.0, 5 - std::floor(std::log10(std::abs(value))));
  return std::isfinite(unit) ? std::round(value * unit) / unit : value;
}

// Appends `step` and the numbers of `values` to their columns. Where a line lacks a value, its
// column has null.
void add_row(json& columns, int64_t step, const json& values) {
  json& steps = columns["step"];
  const size_t row = steps.size();
  steps.push_back(step);
  for (const auto& [name, value] : values.items()) {
    json& column = columns[name];
    if (column.is_null()) column = json::array();
    while (column.size() < row) column.push_back(nullptr);
    column.push_back(value.is_number() ? value : json(nullptr));
  }
  for (json& column : columns) {
    if (column.size() <= row) column.push_back(nullptr);
  }
}

// The mean of every `count` values; null if one of them is null.
json averaged(const json& column, size_t count) {
  json result = json::array();
  for (size_t first = 0; first < column.size(); first += count) {
    const size_t last = std::min(first + count, column.size());
    double sum = 0;
    for (size_t i = first; i < last; ++i) {
      sum += column[i].is_null() ? std::nan("") : column[i].get<double>();
    }
    result.push_back(rounded(sum / static_cast<double>(last - first)));
  }
  return result;
}

}  // namespace

json read_curves(const std::filesystem::path& run_directory) {
  json train = {{"step", json::array()}};
  json validation = json::object();
  read_json_lines(RunDirectory(run_directory).results(),
                  [&](const json& line, const std::string& where) {
                    if (!line.contains("step") || !line["step"].is_number_integer()) {
                      throw DataError(where + ": this line has no whole number 'step'");
                    }
                    const int64_t step = line["step"];
                    if (line.contains("train") && line["train"].is_object())
                      add_row(train, step, line["train"]);
                    if (!line.contains("validation") || !line["validation"].is_object()) return;
                    for (const auto& [name, scores] : line["validation"].items()) {
                      if (!scores.is_object())
                        throw DataError(text(where, ": validation.", name, " is no object"));
                      if (!validation.contains(name)) validation[name] = {{"step", json::array()}};
                      add_row(validation[name], step, scores);
                    }
                  });
  const size_t points = train["step"].size();
  const size_t count = std::max<size_t>(1, (points + kMostPoints - 1) / kMostPoints);
  for (json& column : train) column = averaged(column, count);
  return {{"train", train}, {"averaged", count}, {"validation", validation}};
}

json read_evaluations(const std::filesystem::path& run_directory) {
  json evaluations = json::array();
  read_json_lines(
      RunDirectory(run_directory).evaluations(), [&](const json& line, const std::string& where) {
        if (!line.contains("benchmark") || !line["benchmark"].is_string() ||
            !line.contains("scores") || !line["scores"].is_object()) {
          throw DataError(where +
                          ": this line is no evaluation: it lacks the text 'benchmark' or the "
                          "object 'scores'; remove it");
        }
        evaluations.push_back(line);
      });
  return evaluations;
}

}  // namespace dermatome
