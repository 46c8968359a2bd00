#include "src/eval/scoring.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <set>
#include <span>

#include "src/core/error.h"
#include "src/eval/bootstrap.h"
#include "src/eval/concepts.h"
#include "src/eval/data_hash.h"
#include "src/eval/retrieval.h"
#include "src/eval/roc.h"
#include "src/eval/zero_shot.h"

namespace dermatome {
namespace {

using Json = nlohmann::ordered_json;
using Weights = std::vector<double>;

// What a kind of benchmark measures, apart from whom it weighs how.
class Scorer {
 public:
  virtual ~Scorer() = default;
  // The scores that the benchmark asks for.
  virtual std::map<std::string, double> scores(std::span<const double> weights) const = 0;
  // Those, and others that get intervals too.
  virtual std::map<std::string, double> resampled_scores(std::span<const double> weights) const {
    return scores(weights);
  }
  // Adds what only this kind of result has, and takes from `intervals` (empty without a bootstrap)
  // those that it adds.
  virtual void describe(Json& details, std::map<std::string, Interval>& intervals) const = 0;
};

Json to_json(const Interval& interval) { return {interval.low, interval.high}; }

class ClassificationScorer final : public Scorer {
 public:
  ClassificationScorer(const BenchmarkOptions& options, const BenchmarkTable& table,
                       const BenchmarkFeatures& features)
      : options_(options),
        table_(table),
        predictions_(
            zero_shot_logits(features.images, zero_shot_classifier(features.texts, options)),
            at::tensor(table.labels, at::kLong)) {}

  std::map<std::string, double> scores(std::span<const double> weights) const override {
    return predictions_.scores(options_.metrics, weights);
  }

  void describe(Json& details, std::map<std::string, Interval>& /*intervals*/) const override {
    details["classes"] = class_table(predictions_, options_);
    details["absent_classes"] = Json::array();
    for (const Json& entry : details["classes"]) {
      if (entry["n"] == 0) details["absent_classes"].push_back(entry["label"]);
    }
    details["unlisted_labels"] = table_.unlisted;
    details["confusion"] = predictions_.confusion();
  }

 private:
  const BenchmarkOptions& options_;
  const BenchmarkTable& table_;
  Predictions predictions_;
};

class ConceptScorer final : public Scorer {
 public:
  ConceptScorer(const BenchmarkOptions& options, const BenchmarkTable& table,
                const BenchmarkFeatures& features)
      : options_(options), table_(table) {
    const at::Tensor presence =
        score_concepts(features.images, features.texts, options).presence.t().contiguous();
    for (size_t c = 0; c < table.present.size(); ++c) {
      const std::span scores(presence[static_cast<int64_t>(c)].const_data_ptr<double>(),
                             table.images.size());
      std::vector<uint8_t> positive;
      for (const uint8_t value : table.present[c]) positive.push_back(value == 1 ? 1 : 0);
      curves_.emplace_back(scores, positive);
    }
  }

  std::map<std::string, double> scores(std::span<const double> weights) const override {
    return {{"auroc", resampled_scores(weights).at("auroc")}};
  }

  // `auroc`, the mean over the concepts that have one, and each concept's own.
  std::map<std::string, double> resampled_scores(std::span<const double> weights) const override {
    std::map<std::string, double> scores;
    double sum = 0;
    double count = 0;
    for (size_t c = 0; c < curves_.size(); ++c) {
      const double area = curves_[c].area(known(c, weights));
      scores[own(c)] = area;
      if (std::isnan(area)) continue;
      sum += area;
      ++count;
    }
    scores["auroc"] = count > 0 ? sum / count : std::numeric_limits<double>::quiet_NaN();
    return scores;
  }

  void describe(Json& details, std::map<std::string, Interval>& intervals) const override {
    const Weights all(table_.images.size(), 1.0);
    details["concepts"] = Json::array();
    for (size_t c = 0; c < curves_.size(); ++c) {
      const auto& truth = table_.present[c];
      const int64_t positives = std::ranges::count(truth, uint8_t{1});
      Json entry = {{"label", options_.classes[c].label},
                    {"positives", positives},
                    {"n", positives + std::ranges::count(truth, uint8_t{0})},
                    {"auroc", curves_[c].area(known(c, all))}};
      const auto found = intervals.find(own(c));
      if (found != intervals.end()) {
        entry["interval"] = to_json(found->second);
        intervals.erase(found);
      }
      details["concepts"].push_back(std::move(entry));
    }
    details["missing_concepts"] = table_.missing_concepts;
    details["unlisted_labels"] = table_.unlisted;
  }

 private:
  static std::string own(size_t concept_index) {
    return "concept " + std::to_string(concept_index);
  }
  Weights known(size_t concept_index, std::span<const double> weights) const {
    const auto& truth = table_.present[concept_index];
    Weights result(weights.begin(), weights.end());
    for (size_t i = 0; i < result.size(); ++i) {
      if (truth[i] == BenchmarkTable::kUnknown) result[i] = 0;
    }
    return result;
  }

  const BenchmarkOptions& options_;
  const BenchmarkTable& table_;
  std::vector<RocCurve> curves_;
};

class RetrievalScorer final : public Scorer {
 public:
  RetrievalScorer(const BenchmarkOptions& options, const BenchmarkTable& table,
                  const BenchmarkFeatures& features)
      : options_(options),
        table_(table),
        retrieval_(features.images, features.texts, table.picture_of) {}

  std::map<std::string, double> scores(std::span<const double> weights) const override {
    return retrieval_.scores(options_.metrics, weights);
  }

  void describe(Json& details, std::map<std::string, Interval>& /*intervals*/) const override {
    details["num_captions"] = table_.captions.size();
  }

 private:
  const BenchmarkOptions& options_;
  const BenchmarkTable& table_;
  Retrieval retrieval_;
};

std::unique_ptr<Scorer> make_scorer(const BenchmarkOptions& options, const BenchmarkTable& table,
                                    const BenchmarkFeatures& features) {
  switch (options.kind) {
    case BenchmarkKind::kClassification:
      return std::make_unique<ClassificationScorer>(options, table, features);
    case BenchmarkKind::kConcepts:
      return std::make_unique<ConceptScorer>(options, table, features);
    case BenchmarkKind::kRetrieval:
      return std::make_unique<RetrievalScorer>(options, table, features);
  }
  throw InternalError("unknown kind of benchmark");
}

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
  result["scores_without"] =
      count < std::ssize(weights) ? Json(scorer.scores(weights)) : Json(nullptr);
  return result;
}

std::string kind_name(BenchmarkKind kind) {
  switch (kind) {
    case BenchmarkKind::kClassification:
      return "classification";
    case BenchmarkKind::kConcepts:
      return "concepts";
    case BenchmarkKind::kRetrieval:
      return "retrieval";
  }
  throw InternalError("unknown kind of benchmark");
}

Json hashes(const BenchmarkOptions& options, const BenchmarkTable& table,
            const BenchmarkFeatures& features) {
  Json result = {{"data", data_hash(table, features.checksums)}};
  if (options.kind == BenchmarkKind::kRetrieval) return result;
  result["classes"] = classes_hash(options);
  std::vector<std::string> templates = options.templates;
  templates.insert(templates.end(), options.references.begin(), options.references.end());
  result["templates"] = texts_hash(templates);
  return result;
}

// What belongs to a result besides its identity.
void add_details(Json& details, const BenchmarkOptions& options, const BenchmarkTable& table,
                 const Scorer& scorer) {
  details["kind"] = kind_name(options.kind);
  details["role"] = role_name(options.role);
  std::map<std::string, Interval> intervals;
  if (options.bootstrap > 0) {
    intervals = bootstrap_intervals([&](auto weights) { return scorer.resampled_scores(weights); },
                                    table.group, options.bootstrap);
    details["resamples"] = options.bootstrap;
    details["resampled_by"] = resampled_by(options);
  }
  scorer.describe(details, intervals);
  for (const auto& [name, interval] : intervals) details["intervals"][name] = to_json(interval);
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

Json class_table(const Predictions& predictions, const BenchmarkOptions& options) {
  const Weights all(static_cast<size_t>(predictions.num_samples()), 1.0);
  Json table = Json::array();
  const auto scores = predictions.class_scores(all);
  for (size_t c = 0; c < scores.size(); ++c) {
    table.push_back({{"label", options.classes[c].label},
                     {"n", static_cast<int64_t>(scores[c].count)},
                     {"recall", scores[c].recall},
                     {"precision", scores[c].precision},
                     {"f1", scores[c].f1},
                     {"auroc", scores[c].auroc}});
  }
  return table;
}

std::vector<std::string> score_names(const BenchmarkOptions& options) {
  if (options.kind != BenchmarkKind::kRetrieval) return options.metrics;
  std::vector<std::string> names;
  for (const char* direction : {"image_to_text_", "text_to_image_"}) {
    for (const auto& metric : options.metrics) names.push_back(direction + metric);
  }
  return names;
}

std::vector<std::string> benchmark_texts(const BenchmarkOptions& options,
                                         const BenchmarkTable& table) {
  switch (options.kind) {
    case BenchmarkKind::kClassification:
      return class_prompts(options);
    case BenchmarkKind::kConcepts:
      return concept_prompts(options);
    case BenchmarkKind::kRetrieval:
      return table.captions;
  }
  throw InternalError("unknown kind of benchmark");
}

BenchmarkResult score_benchmark(const BenchmarkOptions& options, const BenchmarkTable& table,
                                const BenchmarkFeatures& features, const ScoringOptions& how) {
  const auto scorer = make_scorer(options, table, features);
  const Weights all(table.images.size(), 1.0);
  BenchmarkResult result;
  result.name = options.name;
  result.num_samples = std::ssize(table.images);
  result.scores = scorer->scores(all);
  if (!how.brief) add_details(result.details, options, table, *scorer);
  result.details["leakage"] = leakage_json(table, *scorer, how.leakage);
  result.details["hashes"] = hashes(options, table, features);
  return result;
}

}  // namespace dermatome
