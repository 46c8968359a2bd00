#include "src/report/comparison.h"

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "src/config/config_difference.h"
#include "src/config/train_options.h"
#include "src/report/history.h"
#include "src/report/run_facts.h"
#include "src/report/score_order.h"

namespace dermatome {
namespace {

using nlohmann::json;

// The settings in which a run differs from the first one, in the order of a configuration as far as
// possible, with the value of every run.
json differing_settings(const std::vector<TrainOptions>& runs) {
  std::vector<std::string> keys;
  std::map<std::string, std::vector<std::string>> values;
  for (size_t run = 1; run < runs.size(); ++run) {
    for (const Difference& difference : config_differences(runs.front(), runs[run])) {
      const auto [entry, is_new] =
          values.try_emplace(difference.key, runs.size(), difference.before);
      if (is_new) keys.push_back(difference.key);
      entry->second[run] = difference.after;
    }
  }
  json settings = json::array();
  for (const std::string& key : keys) settings.push_back({{"key", key}, {"values", values[key]}});
  return settings;
}

// Which scores are better low, of all runs together.
json orders_of(const json& runs) {
  json orders = json::object();
  for (const json& run : runs) {
    const json found = scores_better_low(run["curves"]["validation"], run["evaluations"]);
    for (const auto& [benchmark, scores] : found.items()) orders[benchmark] = scores;
  }
  return orders;
}

}  // namespace

json collect_comparison(std::span<const std::filesystem::path> paths) {
  json runs = json::array();
  std::vector<TrainOptions> options;
  std::multiset<std::string> names;
  for (const std::filesystem::path& path : paths) {
    options.push_back(read_run(path));
    names.insert(options.back().name);
  }
  for (size_t i = 0; i < paths.size(); ++i) {
    const std::string path = paths[i].lexically_normal().string();
    json curves = read_curves(paths[i]);
    json facts = run_facts(paths[i], options[i]);
    runs.push_back({{"name", names.count(options[i].name) == 1 ? options[i].name : path},
                    {"path", path},
                    {"curves", std::move(curves)},
                    {"evaluations", read_evaluations(paths[i])},
                    {"facts", std::move(facts)}});
  }
  json orders = orders_of(runs);
  return {{"runs", std::move(runs)},
          {"lower_is_better", std::move(orders)},
          {"differing", differing_settings(options)}};
}

}  // namespace dermatome
