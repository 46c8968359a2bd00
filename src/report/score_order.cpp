#include "src/report/score_order.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "src/eval/kinds/kind.h"

namespace dermatome {

using nlohmann::json;

json scores_better_low(const json& validation, const json& evaluations,
                       std::span<const BenchmarkKind* const> kinds) {
  std::map<std::string, std::set<std::string>> scores;  // by benchmark
  std::map<std::string, std::string> names;             // of the kinds, by benchmark
  for (const auto& [benchmark, columns] : validation.items()) {
    for (const auto& column : columns.items()) scores[benchmark].insert(column.key());
  }
  for (const json& evaluation : evaluations) {
    const std::string benchmark = evaluation.at("benchmark");
    for (const auto& score : evaluation.at("scores").items()) scores[benchmark].insert(score.key());
    const auto kind = evaluation.find("kind");
    if (kind != evaluation.end() && kind->is_string()) names[benchmark] = *kind;
  }
  json found = json::object();
  for (const auto& [benchmark, own] : scores) {
    const auto named = names.find(benchmark);
    for (const std::string& score : own) {
      const auto is_better_low = [&](const BenchmarkKind* kind) {
        return (named == names.end() || named->second == kind->name()) &&
               kind->lower_is_better(score);
      };
      if (std::ranges::any_of(kinds, is_better_low)) found[benchmark].push_back(score);
    }
  }
  return found;
}

}  // namespace dermatome
