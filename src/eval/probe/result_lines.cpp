#include "src/eval/probe/result_lines.h"

#include <ATen/ATen.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "src/eval/bootstrap.h"
#include "src/eval/data_hash.h"
#include "src/eval/kinds/classification.h"
#include "src/eval/predictions.h"
#include "src/eval/scoring.h"

namespace dermatome {
namespace {

using Json = nlohmann::ordered_json;

// Classes of which the classifier got no sample, so that it never predicts them.
std::vector<std::string> untrained(const FittedProbe& probe, const LabeledSet& train) {
  std::vector<std::string> labels;
  for (int64_t c = 0; c < probe.classifier.bias.size(0); ++c) {
    if (std::isinf(probe.classifier.bias[c].item<double>())) {
      labels.push_back(train.options.classes[c].label);
    }
  }
  return labels;
}

Json amount_json(const Amount& amount, const ProbeOptions& options) {
  Json result = {{"shots", nullptr}, {"fraction", nullptr}};
  if (amount.shots) result["shots"] = *amount.shots;
  if (amount.fraction) result["fraction"] = *amount.fraction;
  if (!amount.is_all()) {
    result["seed"] = options.seed;
    result["repetitions"] = options.repetitions;
  }
  return result;
}

// The parts of the result that only a probe that is fitted to all samples has.
Json whole_json(const Predictions& predictions, const LabeledSet& test) {
  Json result;
  result["classes"] = class_table(predictions, test.options);
  if (test.options.bootstrap == 0) return result;
  for (const auto& [name, interval] : bootstrap_intervals(
           [&](auto weights) { return predictions.scores(test.options.metrics, weights); },
           test.table.group, test.options.bootstrap)) {
    result["intervals"][name] = {interval.low, interval.high};
  }
  result["resampled_by"] = resampled_by(test.options);
  return result;
}

// What the probes score on a test set.
Json scores_json(const std::vector<FittedProbe>& probes, const Amount& amount,
                 const LabeledSet& train, const LabeledSet& test, const ProbeOptions& options) {
  const std::vector<double> all(test.table.images.size(), 1.0);
  std::vector<ProbeScores> scores;
  Json result = Json::object();
  Json each = Json::array();
  for (const auto& probe : probes) {
    const Predictions predictions(probe.classifier.logits(test.samples.features),
                                  test.samples.labels);
    scores.push_back(predictions.scores(test.options.metrics, all));
    each.push_back({{"C", probe.c}, {"num_train", probe.num_train}, {"scores", scores.back()}});
    if (amount.is_all()) result.update(whole_json(predictions, test));
  }
  result["scores"] = mean_scores(scores);
  if (amount.is_all()) {
    result["C"] = probes.front().c;
    result["num_train"] = probes.front().num_train;
    result["untrained_classes"] = untrained(probes.front(), train);
  } else {
    result["deviations"] = probes.size() > 1 ? Json(deviations(scores)) : Json(nullptr);
    result["runs"] = std::move(each);
  }
  result["penalty"] = options.penalty == Penalty::kSquared ? "squared" : "norm";
  result["features"] = options.normalize ? "normalized" : "raw";
  return result;
}

}  // namespace

ProbeScores mean_scores(const std::vector<ProbeScores>& probes) {
  ProbeScores means;
  for (const auto& entry : probes.front()) {
    double sum = 0;
    for (const auto& scores : probes) sum += scores.at(entry.first);
    means[entry.first] = sum / static_cast<double>(probes.size());
  }
  return means;
}

ProbeScores deviations(const std::vector<ProbeScores>& probes) {
  ProbeScores result;
  for (const auto& [name, mean] : mean_scores(probes)) {
    double sum = 0;
    for (const auto& scores : probes) sum += std::pow(scores.at(name) - mean, 2);
    result[name] = std::sqrt(sum / static_cast<double>(probes.size() - 1));
  }
  return result;
}

Json probe_line(const std::vector<FittedProbe>& probes, const Amount& amount,
                const LabeledSet& train, const LabeledSet& test, const ProbedModel& model,
                const ProbeOptions& options) {
  Json line = {{"benchmark", test.options.name},        {"kind", "linear_probe"},
               {"role", role_name(test.options.role)},  {"checkpoint", model.checkpoint},
               {"train", train.options.name},           {"num_samples", test.table.images.size()},
               {"unlisted_labels", test.table.unlisted}};
  line.update(amount_json(amount, options));
  line.update(scores_json(probes, amount, train, test, options));
  line["leakage"] = {{"status", "not checked"}};
  line["hashes"] = {{"train", train.hash},
                    {"data", test.hash},
                    {"classes", classes_hash(test.options)},
                    {"weights", model.weights}};
  return line;
}

}  // namespace dermatome
