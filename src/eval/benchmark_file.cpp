#include "src/eval/benchmark_file.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "src/config/field.h"
#include "src/config/field_reader.h"
#include "src/core/text.h"
#include "src/eval/data_hash.h"
#include "src/eval/kinds/kind.h"

namespace dermatome {
namespace {

using Kinds = std::span<const BenchmarkKind* const>;

Choice choice_of_kind(const BenchmarkKind*& kind, Kinds kinds) {
  Choice choice;
  for (const auto* known : kinds) choice.names.push_back(known->name());
  choice.get = [&kind, kinds] {
    return static_cast<size_t>(std::ranges::find(kinds, kind) - kinds.begin());
  };
  choice.set = [&kind, kinds](size_t index) { kind = kinds[index]; };
  return choice;
}

bool has_key(const std::vector<Field>& fields, const std::string& key) {
  return std::ranges::find(fields, key, &Field::key) != fields.end();
}

// The fields of every kind; a field that several kinds read is there once.
std::vector<Field> benchmark_fields(BenchmarkOptions& o, std::string& root, Kinds kinds) {
  std::vector<Field> fields = {
      {"name", &o.name},
      {"kind", choice_of_kind(o.kind, kinds)},
      {"role", choice(o.role, {"validation", "test"})},
      {"root", &root},
      {"data.csv", &o.csv},
      {"data.images", &o.images},
      {"data.image_column", &o.image_column},
      {"data.group_column", &o.group_column},
      {"data.slice_columns", &o.slice_columns},
      {"min_slice", &o.min_slice, at_least(1)},
      {"metrics", &o.metrics},
      {"bootstrap", &o.bootstrap, between(0, 1e6)},
  };
  for (const auto* kind : kinds) {
    for (Field& field : kind->fields(o)) {
      if (!has_key(fields, field.key)) fields.push_back(std::move(field));
    }
  }
  return fields;
}

// Keys of other kinds would be ignored silently.
void check_keys(BenchmarkOptions& o, Kinds kinds, const FieldReader& reader) {
  const std::vector<Field> own = o.kind->fields(o);
  for (const auto* kind : kinds) {
    for (const Field& field : kind->fields(o)) {
      if (reader.is_set(field.key) && !has_key(own, field.key)) {
        reader.fail(field.key, text("is of no use for kind: ", o.kind->name()));
      }
    }
  }
}

void check_columns(const BenchmarkOptions& o, const FieldReader& reader) {
  if (o.image_column.empty()) {
    reader.fail("data.image_column", "must name a column of the CSV file");
  }
  std::set<std::string> seen;
  for (const auto& column : o.slice_columns) {
    if (column.empty() || !seen.insert(column).second) {
      reader.fail("data.slice_columns", "must name different columns of the CSV file");
    }
  }
}

void check_metrics(const BenchmarkOptions& o, const FieldReader& reader) {
  const std::string known = o.kind->known_metrics();
  if (o.metrics.empty()) reader.fail("metrics", "must list at least one of " + known);
  std::set<std::string> seen;
  for (const auto& metric : o.metrics) {
    if (!o.kind->is_metric(metric)) {
      reader.fail("metrics", text("contains '", metric, "', which is not one of ", known));
    }
    if (!seen.insert(metric).second) reader.fail("metrics", text("contains '", metric, "' twice"));
  }
}

void check(BenchmarkOptions& o, Kinds kinds, const FieldReader& reader) {
  reader.check_ranges();
  if (o.name.empty()) reader.fail("name", "must say what results are called");
  if (o.csv.empty()) reader.fail("data.csv", "must name a CSV file");
  if (o.images.empty()) reader.fail("data.images", "must name the folder of the images");
  check_columns(o, reader);
  check_keys(o, kinds, reader);
  o.kind->check(o, reader);
  check_metrics(o, reader);
}

}  // namespace

BenchmarkOptions load_benchmark(const std::filesystem::path& path, Kinds kinds) {
  BenchmarkOptions options;
  std::string root;
  FieldReader reader(benchmark_fields(options, root, kinds), path.string());
  reader.read(path);
  const auto folder = std::filesystem::absolute(path).parent_path() / root;
  options.listed_prompts = prompts_hash(options);
  options.kind->complete(options, folder);
  check(options, kinds, reader);
  options.file = std::filesystem::absolute(path).lexically_normal().string();
  options.csv = (folder / options.csv).lexically_normal().string();
  options.images = (folder / options.images).lexically_normal().string();
  return options;
}

}  // namespace dermatome
