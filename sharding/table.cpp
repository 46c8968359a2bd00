#include "sharding/table.h"

#include <algorithm>
#include <memory>

#include "sharding/derm1m_table.h"
#include "sharding/make_table.h"
#include "sharding/sample_labels.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/hash.h"
#include "src/core/text.h"
#include "src/text/csv_reader.h"
#include "src/text/table_cell.h"

namespace dermatome {
namespace {

constexpr const char* kDefaultLabelColumn = "label";

class LabelRowReader : public RowReader {
 public:
  explicit LabelRowReader(int64_t num_subcaptions)
      : num_captions_(kFirstSubcaption + num_subcaptions) {}

  void read(const CsvRow& /*row*/, const std::string& /*where*/, CaptionedSample& sample) override {
    sample.captions.resize(num_captions_);
    sample.mask.resize(num_captions_, 0);
  }

 private:
  size_t num_captions_;  // N
};

TableKind kind_by_columns(const CsvReader& csv, const std::string& label_column,
                          const std::string& name) {
  if (csv.has_column("knowledge_masks")) return TableKind::kMake;
  if (csv.has_column("hierarchical_disease_label") || csv.has_column("ontology_final")) {
    return TableKind::kDerm1m;
  }
  const bool captions = csv.has_column("caption") || csv.has_column("truncated_caption");
  if (!captions && csv.has_column(label_column)) return TableKind::kLabels;
  throw DataError(
      text(name,
           " is of no known kind: MAKE's table has a column 'knowledge_masks', Derm1M's "
           "'hierarchical_disease_label', and a table of labels '",
           label_column,
           "' (or the one that --label-column names) and no captions. Make MAKE's table "
           "from captions alone with tools/captions.py, or name the kind by --table"));
}

std::unique_ptr<RowReader> make_row_reader(TableKind kind, const CsvReader& csv,
                                           int64_t num_subcaptions) {
  switch (kind) {
    case TableKind::kMake:
      return make_make_row_reader(csv, num_subcaptions);
    case TableKind::kDerm1m:
      return make_derm1m_row_reader(csv, num_subcaptions);
    case TableKind::kLabels:
      return std::make_unique<LabelRowReader>(num_subcaptions);
  }
  throw InternalError("internal error: a table of no kind");
}

std::string name_of(TableKind kind) {
  return std::ranges::find(kTableKinds, kind, [](const auto& entry) { return entry.second; })
      ->first;
}

int64_t parse_ontology(const std::string& cell, const std::string& where) {
  if (is_missing(cell)) return -1;
  const int64_t node = parse_integer(cell, where);
  if (node < -1 || node > INT32_MAX) {
    throw DataError(
        text(where, ": node ", cell, " of the ontology; -1 (none) or above was expected"));
  }
  return node;
}

}  // namespace

SampleTable read_table(const std::filesystem::path& path, const TableOptions& options) {
  require(options.num_subcaptions >= 0, "num_subcaptions is negative");
  const std::string content = read_file(path);
  CsvReader csv(content, path.string());
  std::string label_column = options.label_column;
  const TableKind kind =
      options.kind ? *options.kind
                   : kind_by_columns(csv, label_column.empty() ? kDefaultLabelColumn : label_column,
                                     path.string());
  if (kind == TableKind::kLabels && label_column.empty()) label_column = kDefaultLabelColumn;
  const size_t filename = csv.column("filename");
  std::optional<size_t> label;
  if (!label_column.empty()) label = csv.column(label_column);
  const std::optional<size_t> ontology = csv.find_column("ontology_label");
  const auto reader = make_row_reader(kind, csv, options.num_subcaptions);

  SampleTable table;
  table.kind = name_of(kind);
  table.aspects = caption_aspects(options.num_subcaptions);
  SampleLabels labels;
  for (CsvRow row; csv.next(row);) {
    const std::string where = text(path, " line ", row.line);
    CaptionedSample& sample = table.samples.emplace_back();
    sample.image_path = row.fields[filename];
    if (trim(sample.image_path).empty()) throw DataError(where + ": filename is empty");
    reader->read(row, where, sample);
    if (ontology) {
      sample.ontology = parse_ontology(row.fields[*ontology], where + ", column ontology_label");
    }
    labels.add(label ? trim(row.fields[*label]) : std::string_view{});
  }
  if (table.samples.empty()) throw DataError(text(path, " has a header but no rows"));
  labels.apply(table);
  table.warnings = reader->warnings();
  table.content_hash = sha256_hex(content);
  return table;
}

SampleTable read_file_names(const std::filesystem::path& path, const std::string& column) {
  const std::string content = read_file(path);
  CsvReader csv(content, path.string());
  const size_t filename = csv.column(column);
  SampleTable table;
  table.kind = "labels";
  table.content_hash = sha256_hex(content);
  for (CsvRow row; csv.next(row);) {
    table.samples.emplace_back().image_path = row.fields[filename];
  }
  return table;
}

}  // namespace dermatome
