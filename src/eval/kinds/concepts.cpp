#include "src/eval/kinds/concepts.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "src/config/field_reader.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/log.h"
#include "src/core/text.h"
#include "src/eval/benchmark_features.h"
#include "src/eval/bootstrap.h"
#include "src/eval/concepts.h"
#include "src/eval/kinds/class_list.h"
#include "src/eval/kinds/kind.h"
#include "src/eval/roc.h"
#include "src/eval/table_images.h"
#include "src/text/csv_reader.h"

namespace dermatome {
namespace {

using Json = nlohmann::ordered_json;

class ConceptRows final : public RowReader {
 public:
  ConceptRows(const BenchmarkOptions& options, const CsvReader& table) : options_(options) {
    for (const auto& entry : options.classes) {
      columns_.push_back(table.find_column(entry.label));
      if (!columns_.back()) truth_.missing.push_back(entry.label);
    }
    truth_.present.resize(columns_.size());
    if (truth_.missing.size() == columns_.size()) {
      table.column(options.classes.front().label);  // throws, naming the columns of the table
    }
  }

  void add(const CsvRow& row, TableImages& images) override {
    images.add(row);
    for (size_t i = 0; i < columns_.size(); ++i) {
      truth_.present[i].push_back(columns_[i] ? read(row, i, images) : ConceptCells::kUnknown);
    }
  }

  std::shared_ptr<const Truth> finish() override {
    for (const auto& name : truth_.missing) {
      log_warning(text(options_.csv, ": no column '", name, "', so benchmark ", options_.name,
                       " does not score this concept"));
    }
    return std::make_shared<ConceptCells>(std::move(truth_));
  }

 private:
  uint8_t read(const CsvRow& row, size_t concept_index, TableImages& images) const {
    static const std::set<std::string> kPresent = {"1", "1.0", "true", "True", "TRUE"};
    static const std::set<std::string> kAbsent = {"0", "0.0", "false", "False", "FALSE"};
    const std::string& label = options_.classes[concept_index].label;
    const std::string& cell = row.fields[*columns_[concept_index]];
    if (kPresent.contains(cell)) return 1;
    if (kAbsent.contains(cell)) return 0;
    if (!cell.empty()) {
      throw DataError(text(images.where(row), ": column '", label, "' is '", cell,
                           "'; a concept is 1 (present) or 0"));
    }
    images.leave_out(label,
                     text(images.where(row), ": column '", label, "' is empty; write 1 or 0"));
    return ConceptCells::kUnknown;
  }

  const BenchmarkOptions& options_;
  std::vector<std::optional<size_t>> columns_;  // [concepts]
  ConceptCells truth_;
};

class ConceptScorer final : public Scorer {
 public:
  ConceptScorer(const BenchmarkOptions& options, const BenchmarkTable& table,
                const BenchmarkFeatures& features)
      : options_(options), table_(table), truth_(truth_of<ConceptCells>(table)) {
    const at::Tensor presence =
        score_concepts(features.images, features.texts, options).presence.t().contiguous();
    for (size_t c = 0; c < truth_.present.size(); ++c) {
      const std::span scores(presence[static_cast<int64_t>(c)].const_data_ptr<double>(),
                             table.images.size());
      std::vector<uint8_t> positive;
      for (const uint8_t value : truth_.present[c]) positive.push_back(value == 1 ? 1 : 0);
      curves_.emplace_back(scores, positive);
    }
  }

  Scores scores(std::span<const double> weights) const override {
    return {{"auroc", resampled_scores(weights).at("auroc")}};
  }

  // Each concept's AUROC, and `auroc`, the mean over the concepts whose AUROC is a number.
  Scores resampled_scores(std::span<const double> weights) const override {
    Scores scores;
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
    const std::vector<double> all(table_.images.size(), 1.0);
    details["concepts"] = Json::array();
    for (size_t c = 0; c < curves_.size(); ++c) {
      const auto& cells = truth_.present[c];
      const int64_t positives = std::ranges::count(cells, uint8_t{1});
      Json entry = {{"label", options_.classes[c].label},
                    {"positives", positives},
                    {"n", positives + std::ranges::count(cells, uint8_t{0})},
                    {"auroc", curves_[c].area(known(c, all))}};
      const auto found = intervals.find(own(c));
      if (found != intervals.end()) {
        entry["interval"] = {found->second.low, found->second.high};
        intervals.erase(found);
      }
      details["concepts"].push_back(std::move(entry));
    }
    details["missing_concepts"] = truth_.missing;
    details["unlisted_labels"] = table_.unlisted;
  }

 private:
  static std::string own(size_t concept_index) { return text("concept ", concept_index); }
  std::vector<double> known(size_t concept_index, std::span<const double> weights) const {
    const auto& cells = truth_.present[concept_index];
    std::vector<double> result(weights.begin(), weights.end());
    for (size_t i = 0; i < result.size(); ++i) {
      if (cells[i] == ConceptCells::kUnknown) result[i] = 0;
    }
    return result;
  }

  const BenchmarkOptions& options_;
  const BenchmarkTable& table_;
  const ConceptCells& truth_;
  std::vector<RocCurve> curves_;  // [concepts]
};

// Adds the names that the JSON file `path` has for the concepts: {"concept": ["name", …], …}.
void add_concept_terms(std::vector<BenchmarkClass>& concepts, const std::filesystem::path& path) {
  const auto fail = [&](const std::string& problem) {
    throw ConfigError(
        text(path, ": ", problem, "; concept_terms is a JSON object of lists of texts by concept"));
  };
  try {
    const auto terms = nlohmann::json::parse(read_file(path));
    if (!terms.is_object()) fail("not an object");
    for (auto& entry : concepts) {
      const auto found = terms.find(entry.label);
      if (found == terms.end()) {
        log_warning(text(path, ": has no terms for the concept '", entry.label, "'"));
        continue;
      }
      for (const auto& term : found->get<std::vector<std::string>>()) {
        if (std::ranges::find(entry.names, term) == entry.names.end()) entry.names.push_back(term);
      }
    }
  } catch (const nlohmann::json::exception& error) {
    fail(error.what());
  } catch (const DataError& error) {
    throw ConfigError(text("concept_terms: ", error.what()));
  }
}

std::vector<std::vector<RankedClass>> rank_concepts(const at::Tensor& images,
                                                    const at::Tensor& texts,
                                                    const BenchmarkOptions& options) {
  const ConceptScores scores = score_concepts(images, texts, options);
  std::vector<std::vector<RankedClass>> ranked(static_cast<size_t>(images.size(0)));
  for (size_t i = 0; i < ranked.size(); ++i) {
    for (size_t c = 0; c < options.classes.size(); ++c) {
      const auto at = [&](const at::Tensor& values) {
        return values[static_cast<int64_t>(i)][static_cast<int64_t>(c)].item<double>();
      };
      const auto& [label, names] = options.classes[c];
      ranked[i].push_back({label, names.front(), at(scores.cosine), at(scores.presence)});
    }
    std::ranges::stable_sort(ranked[i], std::greater<>(), &RankedClass::presence);
  }
  return ranked;
}

class Concepts final : public BenchmarkKind {
 public:
  std::string_view name() const override { return "concepts"; }

  std::vector<Field> fields(BenchmarkOptions& o) const override {
    return {{"unlisted_labels", choice(o.unlisted_labels, {"fail", "ignore"})},
            {"concepts", &o.classes},
            {"concept_terms", &o.concept_terms},
            {"templates", &o.templates},
            {"references", &o.references},
            {"temperature", &o.temperature, above(0)}};
  }

  void complete(BenchmarkOptions& options, const std::filesystem::path& folder) const override {
    if (options.concept_terms.empty()) return;
    add_concept_terms(options.classes, folder / options.concept_terms);
  }

  void check(const BenchmarkOptions& o, const FieldReader& reader) const override {
    check_class_list(o, "concepts", 1, reader);
    if (o.references.size() != o.templates.size()) {
      reader.fail("references",
                  text("must list one prompt for each of the ", o.templates.size(), " templates"));
    }
    if (std::ranges::find(o.references, "") != o.references.end()) {
      reader.fail("references", "has an empty prompt");
    }
  }

  bool is_metric(const std::string& metric) const override { return metric == "auroc"; }
  std::string known_metrics() const override { return "auroc"; }

  std::unique_ptr<RowReader> open_rows(const BenchmarkOptions& options,
                                       const CsvReader& table) const override {
    return std::make_unique<ConceptRows>(options, table);
  }

  std::vector<std::string> texts(const BenchmarkOptions& options,
                                 const BenchmarkTable& /*table*/) const override {
    return concept_prompts(options);
  }

  std::unique_ptr<Scorer> make_scorer(const BenchmarkOptions& options, const BenchmarkTable& table,
                                      const BenchmarkFeatures& features) const override {
    return std::make_unique<ConceptScorer>(options, table, features);
  }

  void add_hashes(Json& hashes, const BenchmarkOptions& options) const override {
    add_class_hashes(hashes, options);
  }

  std::optional<ImageRanking> ranking(const BenchmarkOptions& options) const override {
    return ImageRanking{
        .list = "concepts",
        .note = "Presence is a comparison of prompts: not a probability, not for diagnosis.",
        .prompts = concept_prompts(options),
        .rank = [options](const at::Tensor& images, const at::Tensor& texts) {
          return rank_concepts(images, texts, options);
        }};
  }
};

}  // namespace

const BenchmarkKind& concepts_kind() {
  static const Concepts kKind;
  return kKind;
}

}  // namespace dermatome
