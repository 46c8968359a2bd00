#include "src/config/benchmark_config.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <set>

#include "src/config/field.h"
#include "src/config/field_reader.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/log.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

// What only loading needs.
struct Places {
  std::string root;
  std::string concept_terms;
  std::vector<BenchmarkClass> concepts;
};

std::vector<Field> benchmark_fields(BenchmarkOptions& o, Places& places) {
  return {
      {"name", &o.name},
      {"kind", choice(o.kind, {"classification", "concepts", "retrieval"})},
      {"role", choice(o.role, {"validation", "test"})},
      {"root", &places.root},
      {"data.csv", &o.csv},
      {"data.images", &o.images},
      {"data.image_column", &o.image_column},
      {"data.label_column", &o.label_column},
      {"data.caption_column", &o.caption_column},
      {"data.group_column", &o.group_column},
      {"data.slice_columns", &o.slice_columns},
      {"min_slice", &o.min_slice, at_least(1)},
      {"unlisted_labels", choice(o.unlisted_labels, {"fail", "ignore"})},
      {"classes", &o.classes},
      {"concepts", &places.concepts},
      {"concept_terms", &places.concept_terms},
      {"templates", &o.templates},
      {"references", &o.references},
      {"temperature", &o.temperature, above(0)},
      {"metrics", &o.metrics},
      {"bootstrap", &o.bootstrap, between(0, 1e6)},
  };
}

bool is_retrieval_metric(const std::string& metric) {
  if (metric == "mean_rank" || metric == "median_rank") return true;
  const std::string prefix = "R@";
  const std::string k = metric.substr(std::min(prefix.size(), metric.size()));
  return metric.starts_with(prefix) && !k.empty() && k.size() <= 9 && k[0] != '0' &&
         std::all_of(k.begin(), k.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

bool is_classification_metric(const std::string& metric) {
  static const std::set<std::string> known = {"top1", "top5", "balanced_accuracy", "weighted_f1",
                                              "auroc"};
  return known.contains(metric);
}

std::string known_metrics(BenchmarkKind kind) {
  switch (kind) {
    case BenchmarkKind::kClassification:
      return "top1, top5, balanced_accuracy, weighted_f1, auroc";
    case BenchmarkKind::kConcepts:
      return "auroc";
    case BenchmarkKind::kRetrieval:
      return "R@K (K >= 1), mean_rank, median_rank";
  }
  return "";
}

bool is_metric(const std::string& metric, BenchmarkKind kind) {
  if (kind == BenchmarkKind::kRetrieval) return is_retrieval_metric(metric);
  if (kind == BenchmarkKind::kConcepts) return metric == "auroc";
  return is_classification_metric(metric);
}

void check_metrics(const BenchmarkOptions& o, const FieldReader& reader) {
  const std::string known = known_metrics(o.kind);
  if (o.metrics.empty()) reader.fail("metrics", "must list at least one of " + known);
  std::set<std::string> seen;
  for (const auto& metric : o.metrics) {
    if (!is_metric(metric, o.kind)) {
      reader.fail("metrics", "contains '" + metric + "', which is not one of " + known);
    }
    if (!seen.insert(metric).second) reader.fail("metrics", "contains '" + metric + "' twice");
    if (metric == "top5" && o.classes.size() <= 5) {
      reader.fail("metrics", text("contains 'top5', always 1 with ", o.classes.size(), " classes"));
    }
  }
}

// `key` is what the file calls the classes.
void check_classes(const BenchmarkOptions& o, const std::string& key, size_t fewest,
                   const FieldReader& reader) {
  if (o.classes.size() < fewest) {
    reader.fail(key, text("must list at least ", fewest, " ", key));
  }
  std::set<std::string> labels;
  for (size_t i = 0; i < o.classes.size(); ++i) {
    const std::string entry = text(key, "[", i, "]");
    const auto& [label, names] = o.classes[i];
    if (label.empty()) reader.fail(entry, "has no label");
    if (!labels.insert(label).second) {
      reader.fail(entry + ".label", "is another entry's label too");
    }
    if (names.empty()) reader.fail(entry, "has no names");
    if (std::find(names.begin(), names.end(), "") != names.end()) {
      reader.fail(entry + ".names", "has an empty name");
    }
  }
  if (o.templates.empty()) reader.fail("templates", "must list at least one text with {}");
  for (const auto& text : o.templates) {
    if (text.find("{}") == std::string::npos) {
      reader.fail("templates", "has '" + text + "', without {} for the name");
    }
  }
}

void check_references(const BenchmarkOptions& o, const FieldReader& reader) {
  if (o.references.size() != o.templates.size()) {
    reader.fail("references",
                text("must list one prompt for each of the ", o.templates.size(), " templates"));
  }
  for (const auto& text : o.references) {
    if (text.empty()) reader.fail("references", "has an empty prompt");
  }
}

void check_columns(const BenchmarkOptions& o, const FieldReader& reader) {
  if (o.image_column.empty())
    reader.fail("data.image_column", "must name a column of the CSV file");
  if (o.label_column.empty())
    reader.fail("data.label_column", "must name a column of the CSV file");
  if (o.caption_column.empty()) {
    reader.fail("data.caption_column", "must name a column of the CSV file");
  }
  std::set<std::string> seen;
  for (const auto& column : o.slice_columns) {
    if (column.empty() || !seen.insert(column).second) {
      reader.fail("data.slice_columns", "must name different columns of the CSV file");
    }
  }
}

// Keys of other kinds would be ignored silently.
void check_kind(const BenchmarkOptions& o, const FieldReader& reader) {
  using Keys = std::vector<std::string>;
  Keys useless;
  std::string kind;
  switch (o.kind) {
    case BenchmarkKind::kClassification:
      kind = "classification";
      useless = {"data.caption_column", "concepts", "concept_terms", "references", "temperature"};
      break;
    case BenchmarkKind::kConcepts:
      kind = "concepts";
      useless = {"data.caption_column", "data.label_column", "classes"};
      break;
    case BenchmarkKind::kRetrieval:
      kind = "retrieval";
      useless = {"data.label_column", "classes",    "concepts",    "concept_terms",
                 "templates",         "references", "temperature", "unlisted_labels"};
      break;
  }
  for (const auto& key : useless) {
    if (reader.is_set(key)) reader.fail(key, "is of no use for kind: " + kind);
  }
}

void check(const BenchmarkOptions& o, const FieldReader& reader) {
  reader.check_ranges();
  if (o.name.empty()) reader.fail("name", "must say what results are called");
  if (o.csv.empty()) reader.fail("data.csv", "must name a CSV file");
  if (o.images.empty()) reader.fail("data.images", "must name the folder of the images");
  check_columns(o, reader);
  check_kind(o, reader);
  if (o.kind == BenchmarkKind::kClassification) check_classes(o, "classes", 2, reader);
  if (o.kind == BenchmarkKind::kConcepts) {
    check_classes(o, "concepts", 1, reader);
    check_references(o, reader);
  }
  check_metrics(o, reader);
}

// Adds the names that the JSON file `path` has for the concepts: {"concept": ["name", …], …}.
void add_concept_terms(std::vector<BenchmarkClass>& concepts, const std::filesystem::path& path) {
  const auto fail = [&](const std::string& problem) {
    throw ConfigError(path.string() + ": " + problem +
                      "; concept_terms is a JSON object of lists of texts by concept");
  };
  try {
    const auto terms = nlohmann::json::parse(read_file(path));
    if (!terms.is_object()) fail("not an object");
    for (auto& entry : concepts) {
      const auto found = terms.find(entry.label);
      if (found == terms.end()) {
        log_warning(path.string() + ": has no terms for the concept '" + entry.label + "'");
        continue;
      }
      for (const auto& term : found->get<std::vector<std::string>>()) {
        if (std::ranges::find(entry.names, term) == entry.names.end()) entry.names.push_back(term);
      }
    }
  } catch (const nlohmann::json::exception& error) {
    fail(error.what());
  } catch (const DataError& error) {
    throw ConfigError(std::string("concept_terms: ") + error.what());
  }
}

}  // namespace

BenchmarkOptions load_benchmark(const std::filesystem::path& path) {
  BenchmarkOptions options;
  Places places;
  FieldReader reader(benchmark_fields(options, places), path.string());
  reader.read(path);
  const auto folder = std::filesystem::absolute(path).parent_path() / places.root;
  if (options.kind == BenchmarkKind::kConcepts) {
    options.classes = std::move(places.concepts);
    if (!places.concept_terms.empty()) {
      add_concept_terms(options.classes, folder / places.concept_terms);
    }
  }
  check(options, reader);
  options.file = std::filesystem::absolute(path).lexically_normal().string();
  options.csv = (folder / options.csv).lexically_normal().string();
  options.images = (folder / options.images).lexically_normal().string();
  return options;
}

}  // namespace dermatome
