#include "src/eval/scoring.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "src/eval/benchmark_features.h"
#include "src/eval/benchmark_options.h"
#include "src/eval/benchmark_result.h"
#include "src/eval/benchmark_table.h"
#include "src/eval/bootstrap.h"
#include "src/eval/data_hash.h"
#include "src/eval/kinds/kind.h"
#include "src/eval/leakage.h"

namespace dermatome {
namespace {

using Json = nlohmann::ordered_json;
using Weights = std::vector<double>;

Json slices(const BenchmarkOptions& options, const BenchmarkTable& table, const Scorer& scorer) {
  Json result = Json::object();
  for (const auto& [column, values] : table.slices) {
    Json list = Json::array();
    const std::set<std::string> distinct(values.begin(), values.end());
    for (const auto& value : distinct) {
      Weights weights;
      for (const auto& own : values) weights.push_back(own == value ? 1 : 0);
      const auto count = std::ranges::count(values, value);
      Json entry = {{"value", value}, {"n", count}, {"scores", nullptr}};
      if (count >= options.min_slice) entry["scores"] = scorer.scores(weights);
      list.push_back(std::move(entry));
    }
    result[column] = std::move(list);
  }
  return result;
}

Json leakage_json(const BenchmarkTable& table, const Scorer& scorer, const Leakage* found) {
  if (found == nullptr) return {{"status", "not checked"}};
  Weights weights;
  for (const auto& name : table.names) weights.push_back(found->names.contains(name) ? 0 : 1);
  const auto count = std::ranges::count(weights, 0.0);
  Json result = {{"status", "checked"}, {"pairs", found->source}, {"near_duplicates", count}};
  if (count < std::ssize(weights)) {
    result["scores_without"] = scorer.scores(weights);
  } else {
    result["scores_without"] = nullptr;
    result["reason"] =
        "all images are near-duplicates of training images, so none is left to score";
  }
  return result;
}

// Adds everything to a result except its name, scores, leakage and hashes.
void add_details(Json& details, const BenchmarkOptions& options, const BenchmarkTable& table,
                 const Scorer& scorer) {
  details["kind"] = options.kind->name();
  details["role"] = role_name(options.role);
  std::map<std::string, Interval> intervals;
  if (options.bootstrap > 0) {
    intervals = bootstrap_intervals([&](auto weights) { return scorer.resampled_scores(weights); },
                                    table.group, options.bootstrap);
    details["resamples"] = options.bootstrap;
    details["resampled_by"] = resampled_by(options);
  }
  scorer.describe(details, intervals);
  for (const auto& [name, interval] : intervals) {
    details["intervals"][name] = {interval.low, interval.high};
  }
  details["min_slice"] = options.min_slice;
  details["slices"] = slices(options, table, scorer);
}

}  // namespace

std::string role_name(BenchmarkRole role) {
  return role == BenchmarkRole::kTest ? "test" : "validation";
}

std::string resampled_by(const BenchmarkOptions& options) {
  return options.group_column.empty() ? "image (images are treated as independent)"
                                      : options.group_column;
}

BenchmarkResult score_benchmark(const BenchmarkOptions& options, const BenchmarkTable& table,
                                const BenchmarkFeatures& features, const ScoringOptions& how) {
  const auto scorer = options.kind->make_scorer(options, table, features);
  const Weights all(table.images.size(), 1.0);
  BenchmarkResult result;
  result.name = options.name;
  result.num_samples = std::ssize(table.images);
  result.scores = how.as_clip_benchmark ? scorer->clip_benchmark_scores(all) : scorer->scores(all);
  if (!how.brief) add_details(result.details, options, table, *scorer);
  result.details["leakage"] = leakage_json(table, *scorer, how.leakage);
  Json& hashes = result.details["hashes"];
  hashes = {{"data", data_hash(table, features.checksums)}};
  options.kind->add_hashes(hashes, options);
  return result;
}

}  // namespace dermatome
