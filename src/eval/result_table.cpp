#include "src/eval/result_table.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "src/core/log.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

using Json = nlohmann::ordered_json;

// "-" for what is no number.
std::string score_cell(const Json& value) {
  if (!value.is_number() || !std::isfinite(value.get<double>())) return "-";
  return format("%.4f", value.get<double>());
}

// A score's cell in a column: `of_score` is what the result has for it.
using Cell = std::string (*)(const Json& of_score);

std::string interval_cell(const Json& of_score) {
  return text(score_cell(of_score.at(0)), " to ", score_cell(of_score.at(1)));
}

struct Column {
  std::string title;
  Json values;  // an object, by score
  Cell cell;
};

std::vector<Column> columns_of(const Json& result) {
  std::vector<Column> columns = {{"score", result.at("scores"), score_cell}};
  const auto add = [&](const std::string& title, const Json& values, Cell cell) {
    if (values.is_object()) columns.push_back({title, values, cell});
  };
  add("95 % interval", result.value("intervals", Json()), interval_cell);
  add("deviation", result.value("deviations", Json()), score_cell);
  const Json leakage = result.value("leakage", Json::object());
  if (leakage.contains("scores_without")) {
    add(text("without ", leakage.at("near_duplicates").get<int64_t>(), " near-duplicate(s)"),
        leakage.at("scores_without"), score_cell);
  }
  return columns;
}

// How a linear probe was fitted; empty for another result.
std::string protocol(const Json& result) {
  if (!result.contains("train")) return "";
  std::string amount = ", all samples";
  if (result.at("shots").is_number()) {
    amount = text(", ", result.at("shots").get<int64_t>(), " sample(s) per class");
  } else if (result.at("fraction").is_number()) {
    amount = text(", ", 100 * result.at("fraction").get<double>(), " % of the samples");
  }
  if (result.contains("repetitions")) {
    amount += text(", ", result.at("repetitions").get<int64_t>(), " draw(s)");
  }
  return text(", linear probe of ", result.at("train").get<std::string>(), amount);
}

// How many images of the table are not among those that are scored.
std::string left_out(const Json& result) {
  const auto count = result.value("unreadable", Json::object()).value("count", int64_t{0});
  return count == 0 ? "" : text(" (", count, " more cannot be read)");
}

// Why there are no scores without near-duplicates; empty if there are, or it was not checked.
std::string leakage_note(const Json& result) {
  const std::string reason = result.value("leakage", Json::object()).value("reason", std::string());
  return reason.empty() ? "" : text("  without near-duplicates: ", reason, "\n");
}

std::string title_of(const Json& result) {
  const auto word = [&](const char* key) { return result.at(key).get<std::string>(); };
  return text(word("benchmark"), " (", word("role"), ")", protocol(result), ": ",
              result.at("num_samples").get<int64_t>(), " images", left_out(result), ", ",
              word("checkpoint"));
}

}  // namespace

std::string result_table(const Json& result) {
  const std::vector<Column> columns = columns_of(result);
  std::vector<std::vector<std::string>> rows(1, {"metric"});
  for (const Column& column : columns) rows.front().push_back(column.title);
  for (const auto& [name, score] : result.at("scores").items()) {
    rows.push_back({name});
    for (const Column& column : columns) {
      const auto found = column.values.find(name);
      rows.back().push_back(found == column.values.end() ? "-" : column.cell(*found));
    }
  }
  std::string table = title_of(result) + "\n";
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      size_t width = 0;
      for (const auto& other : rows) width = std::max(width, other[i].size());
      line += text("  ", row[i], std::string(width - row[i].size(), ' '));
    }
    table += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text(table, leakage_note(result), "\n");
}

}  // namespace dermatome
