#include "src/eval/kinds/classification.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "src/config/field_reader.h"
#include "src/core/text.h"
#include "src/eval/benchmark_features.h"
#include "src/eval/bootstrap.h"
#include "src/eval/kinds/class_list.h"
#include "src/eval/kinds/kind.h"
#include "src/eval/predictions.h"
#include "src/eval/table_images.h"
#include "src/eval/zero_shot.h"
#include "src/text/csv_reader.h"

namespace dermatome {
namespace {

using Json = nlohmann::ordered_json;

class LabelRows final : public RowReader {
 public:
  LabelRows(const BenchmarkOptions& options, const CsvReader& table)
      : options_(options), column_(table.column(options.label_column)) {}

  void add(const CsvRow& row, TableImages& images) override {
    const std::string& label = row.fields[column_];
    const auto found = std::ranges::find(options_.classes, label, &BenchmarkClass::label);
    if (found == options_.classes.end()) {
      images.leave_out(label,
                       text(images.where(row), ": label '", label, "' is not a class of benchmark ",
                            options_.name, "; add the class, correct the label"));
      return;
    }
    images.add(row);
    labels_.push_back(found - options_.classes.begin());
  }

  std::shared_ptr<const Truth> finish() override {
    return std::make_shared<ClassLabels>(std::move(labels_));
  }

 private:
  const BenchmarkOptions& options_;
  size_t column_;
  std::vector<int64_t> labels_;
};

class ClassificationScorer final : public Scorer {
 public:
  ClassificationScorer(const BenchmarkOptions& options, const BenchmarkTable& table,
                       const BenchmarkFeatures& features)
      : options_(options),
        table_(table),
        predictions_(
            zero_shot_logits(features.images, zero_shot_classifier(features.texts, options)),
            at::tensor(truth_of<ClassLabels>(table).labels, at::kLong)) {}

  Scores scores(std::span<const double> weights) const override {
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

std::vector<std::vector<RankedClass>> rank_classes(const at::Tensor& images,
                                                   const at::Tensor& texts,
                                                   const BenchmarkOptions& options) {
  const at::Tensor cosines = images.mm(zero_shot_classifier(texts, options).t());
  std::vector<std::vector<RankedClass>> ranked(static_cast<size_t>(images.size(0)));
  for (size_t i = 0; i < ranked.size(); ++i) {
    for (size_t c = 0; c < options.classes.size(); ++c) {
      const auto cosine = cosines[static_cast<int64_t>(i)][static_cast<int64_t>(c)].item<double>();
      const auto& [label, names] = options.classes[c];
      ranked[i].push_back(
          {.label = label, .name = names.front(), .cosine = cosine, .presence = {}});
    }
    std::ranges::stable_sort(ranked[i], std::greater<>(), &RankedClass::cosine);
  }
  return ranked;
}

class Classification final : public BenchmarkKind {
 public:
  std::string_view name() const override { return "classification"; }

  std::vector<Field> fields(BenchmarkOptions& o) const override {
    return {{"data.label_column", &o.label_column},
            {"unlisted_labels", choice(o.unlisted_labels, {"fail", "ignore"})},
            {"classes", &o.classes},
            {"templates", &o.templates}};
  }

  void check(const BenchmarkOptions& o, const FieldReader& reader) const override {
    check_column(o.label_column, "data.label_column", reader);
    check_class_list(o, "classes", 2, reader);
    if (o.classes.size() <= 5 && std::ranges::find(o.metrics, "top5") != o.metrics.end()) {
      reader.fail("metrics",
                  text("contains 'top5', which is always 1 with ", o.classes.size(), " classes"));
    }
  }

  bool is_metric(const std::string& metric) const override {
    static const std::set<std::string> kKnown = {"top1", "top5", "balanced_accuracy", "weighted_f1",
                                                 "auroc"};
    return kKnown.contains(metric);
  }

  std::string known_metrics() const override {
    return "top1, top5, balanced_accuracy, weighted_f1, auroc";
  }

  std::unique_ptr<RowReader> open_rows(const BenchmarkOptions& options,
                                       const CsvReader& table) const override {
    return std::make_unique<LabelRows>(options, table);
  }

  std::vector<std::string> texts(const BenchmarkOptions& options,
                                 const BenchmarkTable& /*table*/) const override {
    return class_prompts(options);
  }

  std::unique_ptr<Scorer> make_scorer(const BenchmarkOptions& options, const BenchmarkTable& table,
                                      const BenchmarkFeatures& features) const override {
    return std::make_unique<ClassificationScorer>(options, table, features);
  }

  void add_hashes(Json& hashes, const BenchmarkOptions& options) const override {
    add_class_hashes(hashes, options);
  }

  std::string clip_benchmark_task() const override { return "zeroshot_classification"; }

  std::string clip_benchmark_metric(const std::string& score) const override {
    static const std::map<std::string, std::string> kNames = {
        {"top1", "acc1"}, {"top5", "acc5"}, {"balanced_accuracy", "mean_per_class_recall"}};
    const auto found = kNames.find(score);
    return found == kNames.end() ? score : found->second;
  }

  std::optional<ImageRanking> ranking(const BenchmarkOptions& options) const override {
    return ImageRanking{
        .list = "classes",
        .note = "Cosine similarities and their ranks: not a probability, not for diagnosis.",
        .prompts = class_prompts(options),
        .rank = [options](const at::Tensor& images, const at::Tensor& texts) {
          return rank_classes(images, texts, options);
        }};
  }
};

}  // namespace

Json class_table(const Predictions& predictions, const BenchmarkOptions& options) {
  const std::vector<double> all(static_cast<size_t>(predictions.num_samples()), 1.0);
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

const BenchmarkKind& classification_kind() {
  static const Classification kKind;
  return kKind;
}

}  // namespace dermatome
