#include "src/config/benchmark_config.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "src/config/field.h"
#include "src/config/field_reader.h"

namespace dermatome {
namespace {

std::vector<Field> benchmark_fields(BenchmarkOptions& o, std::string& root) {
  return {
      {"name", &o.name},
      {"kind", choice(o.kind, {"classification", "retrieval"})},
      {"role", choice(o.role, {"validation", "test"})},
      {"root", &root},
      {"data.csv", &o.csv},
      {"data.images", &o.images},
      {"data.image_column", &o.image_column},
      {"data.label_column", &o.label_column},
      {"data.caption_column", &o.caption_column},
      {"classes", &o.classes},
      {"templates", &o.templates},
      {"metrics", &o.metrics},
  };
}

bool is_retrieval_metric(const std::string& metric) {
  if (metric == "mean_rank" || metric == "median_rank") return true;
  const std::string prefix = "recall@";
  const std::string k = metric.substr(std::min(prefix.size(), metric.size()));
  return metric.starts_with(prefix) && !k.empty() && k.size() <= 9 && k[0] != '0' &&
         std::all_of(k.begin(), k.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

bool is_classification_metric(const std::string& metric) {
  static const std::set<std::string> known = {"top1", "top5", "balanced_accuracy", "weighted_f1",
                                              "auroc"};
  return known.contains(metric);
}

void check_metrics(const BenchmarkOptions& o, const FieldReader& reader) {
  const bool retrieval = o.kind == BenchmarkKind::kRetrieval;
  const std::string known = retrieval ? "recall@K (K >= 1), mean_rank, median_rank"
                                      : "top1, top5, balanced_accuracy, weighted_f1, auroc";
  if (o.metrics.empty()) reader.fail("metrics", "must list at least one of " + known);
  std::set<std::string> seen;
  for (const auto& metric : o.metrics) {
    if (!(retrieval ? is_retrieval_metric(metric) : is_classification_metric(metric))) {
      reader.fail("metrics", "contains '" + metric + "', which is not one of " + known);
    }
    if (!seen.insert(metric).second) reader.fail("metrics", "contains '" + metric + "' twice");
    if (metric == "top5" && o.classes.size() <= 5) {
      reader.fail("metrics", "contains 'top5', always 1 with " + std::to_string(o.classes.size()) +
                                 " classes");
    }
  }
}

void check_classes(const BenchmarkOptions& o, const FieldReader& reader) {
  if (reader.is_set("data.caption_column")) {
    reader.fail("data.caption_column", "is of no use for kind: classification");
  }
  if (o.classes.size() < 2) reader.fail("classes", "must list at least 2 classes");
  std::set<std::string> labels;
  for (size_t i = 0; i < o.classes.size(); ++i) {
    const std::string key = "classes[" + std::to_string(i) + "]";
    const auto& [label, names] = o.classes[i];
    if (label.empty()) reader.fail(key, "has no label");
    if (!labels.insert(label).second) reader.fail(key + ".label", "is another class's label too");
    if (names.empty()) reader.fail(key, "has no names");
    if (std::find(names.begin(), names.end(), "") != names.end()) {
      reader.fail(key + ".names", "has an empty name");
    }
  }
  if (o.templates.empty()) reader.fail("templates", "must list at least one text with {}");
  for (const auto& text : o.templates) {
    if (text.find("{}") == std::string::npos) {
      reader.fail("templates", "has '" + text + "', without {} for the class name");
    }
  }
}

void check(const BenchmarkOptions& o, const FieldReader& reader) {
  if (o.name.empty()) reader.fail("name", "must say what results are called");
  if (o.csv.empty()) reader.fail("data.csv", "must name a CSV file");
  if (o.images.empty()) reader.fail("data.images", "must name the folder of the images");
  if (o.image_column.empty())
    reader.fail("data.image_column", "must name a column of the CSV file");
  if (o.label_column.empty())
    reader.fail("data.label_column", "must name a column of the CSV file");
  if (o.caption_column.empty()) {
    reader.fail("data.caption_column", "must name a column of the CSV file");
  }
  if (o.kind == BenchmarkKind::kClassification) {
    check_classes(o, reader);
  } else {
    for (const char* key : {"data.label_column", "classes", "templates"}) {
      if (reader.is_set(key)) reader.fail(key, "is of no use for kind: retrieval");
    }
  }
  check_metrics(o, reader);
}

}  // namespace

BenchmarkOptions load_benchmark(const std::filesystem::path& path) {
  BenchmarkOptions options;
  std::string root;
  FieldReader reader(benchmark_fields(options, root), path.string());
  reader.read(path);
  check(options, reader);
  const auto folder = std::filesystem::absolute(path).parent_path() / root;
  options.csv = (folder / options.csv).lexically_normal().string();
  options.images = (folder / options.images).lexically_normal().string();
  return options;
}

}  // namespace dermatome
