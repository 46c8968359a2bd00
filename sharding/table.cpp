#include "sharding/table.h"

#include <algorithm>
#include <array>
#include <memory>

#include "sharding/caption_table.h"
#include "sharding/derm1m_table.h"
#include "sharding/make_table.h"
#include "sharding/memory_table.h"
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
constexpr std::array kImageColumns = {"filename", "filepath", "file_name"};
constexpr std::array kCaptionColumns = {"truncated_caption", "caption", "title", "text"};

// The first of `names` that `table` has; "" if it has none.
std::string first_column(const TableReader& table, const auto& names) {
  for (const char* name : names) {
    if (table.has_column(name)) return name;
  }
  return "";
}

std::string name_of(TableKind kind) {
  return std::ranges::find(kTableKinds, kind, [](const auto& entry) { return entry.second; })
      ->first;
}

TableKind kind_by_columns(const TableReader& table, const TableOptions& options) {
  if (table.has_column("knowledge_masks")) return TableKind::kMake;
  if (table.has_column("hierarchical_disease_label") || table.has_column("ontology_final")) {
    return TableKind::kDerm1m;
  }
  if (!options.caption_column.empty() || !first_column(table, kCaptionColumns).empty()) {
    return TableKind::kCaptions;
  }
  const std::string label =
      options.label_column.empty() ? kDefaultLabelColumn : options.label_column;
  if (table.has_column(label) || !options.templates.empty()) return TableKind::kLabels;
  throw DataError(text(
      table.name(),
      " is of no known kind: MAKE's table has a column 'knowledge_masks', Derm1M's "
      "'hierarchical_disease_label', a table of captions 'caption', 'title' or 'text' (or the "
      "one that --caption-column names), and a table of labels '",
      label, "' (or the one that --label-column names). Its columns are: ", table.column_list(),
      ". Name the column, or make captions from columns by --template"));
}

TableKind kind_of(const TableReader& table, const TableOptions& options) {
  const TableKind kind = options.kind ? *options.kind : kind_by_columns(table, options);
  if (kind == TableKind::kLabels && !options.caption_column.empty()) {
    throw ConfigError(
        "--caption-column names a column of captions, but --table labels says that there is none; "
        "leave one of them out");
  }
  if (!options.templates.empty() && (kind == TableKind::kMake || kind == TableKind::kDerm1m)) {
    throw ConfigError(text("--template: ", table.name(), " is a table of the kind ", name_of(kind),
                           ", which has captions of its own; fill in what it lacks with "
                           "tools/captions.py --template, or add --table labels, which makes all "
                           "captions from templates"));
  }
  return kind;
}

size_t find_image(const TableReader& table, const TableOptions& options) {
  if (!options.image_column.empty()) return table.column(options.image_column);
  const std::string name = first_column(table, kImageColumns);
  if (!name.empty()) return table.column(name);
  throw DataError(text(table.name(),
                       " has no column 'filename', 'filepath' or 'file_name'; its columns are: ",
                       table.column_list(), ". Name the column of image files by --image-column"));
}

std::optional<size_t> find_label(const TableReader& table, TableKind kind,
                                 const TableOptions& options) {
  if (!options.label_column.empty()) return table.column(options.label_column);
  if (kind == TableKind::kLabels && options.templates.empty()) {
    return table.column(kDefaultLabelColumn);
  }
  const bool has_default = kind == TableKind::kLabels || kind == TableKind::kCaptions;
  return has_default ? table.find_column(kDefaultLabelColumn) : std::nullopt;
}

size_t find_caption(const TableReader& table, const TableOptions& options) {
  if (!options.caption_column.empty()) return table.column(options.caption_column);
  const std::string name = first_column(table, kCaptionColumns);
  if (!name.empty()) return table.column(name);
  throw DataError(text(table.name(),
                       " has no column 'caption', 'title' or 'text'; its columns are: ",
                       table.column_list(), ". Name the column of captions by --caption-column"));
}

std::vector<CaptionTemplate> make_templates(const TableReader& table, std::optional<size_t> caption,
                                            std::optional<size_t> label,
                                            const TableOptions& options) {
  std::vector<CaptionTemplate> templates;
  for (const std::string& given : options.templates) {
    CaptionTemplate& one = templates.emplace_back(given);
    one.find_columns(table, label);
    if (caption && std::ranges::count(one.names(), table.columns()[*caption]) > 0) {
      throw ConfigError(text("--template '", given, "' names the column of captions, '",
                             table.columns()[*caption],
                             "', but a template is for rows without a caption; add --table labels, "
                             "which makes all captions from templates"));
    }
  }
  return templates;
}

std::unique_ptr<RowReader> make_row_reader(TableKind kind, const TableReader& table,
                                           std::optional<size_t> label,
                                           const TableOptions& options) {
  std::optional<size_t> caption;
  switch (kind) {
    case TableKind::kMake:
      return make_make_row_reader(table, options.num_subcaptions, options.caption_column);
    case TableKind::kDerm1m:
      return make_derm1m_row_reader(table, options.num_subcaptions, options.caption_column);
    case TableKind::kCaptions:
      caption = find_caption(table, options);
      [[fallthrough]];
    case TableKind::kLabels:
      return make_caption_row_reader(caption, make_templates(table, caption, label, options),
                                     options.num_subcaptions);
  }
  throw InternalError("internal error: a table of no kind");
}

// Throws DataError if the templates have made no caption at all.
void check_templates(const SampleTable& table, const TableReader& rows,
                     const TableOptions& options) {
  const auto has_caption = [](const CaptionedSample& sample) {
    return std::ranges::count(sample.mask, 0) < std::ssize(sample.mask);
  };
  if (options.templates.empty() || std::ranges::any_of(table.samples, has_caption)) return;
  throw DataError(text("--template '", options.templates.front(), "': no row of ", rows.name(),
                       " has all cells that ",
                       options.templates.size() == 1 ? "it needs" : "it or another template needs",
                       "; name columns that are filled. The columns are: ", rows.column_list()));
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

SampleTable read_samples(TableReader& rows, const TableOptions& options) {
  require(options.num_subcaptions >= 0, "num_subcaptions is negative");
  const TableKind kind = kind_of(rows, options);
  const size_t image = find_image(rows, options);
  const std::optional<size_t> label = find_label(rows, kind, options);
  const std::optional<size_t> ontology = rows.find_column("ontology_label");
  const auto reader = make_row_reader(kind, rows, label, options);

  SampleTable table;
  table.kind = name_of(kind);
  table.aspects = caption_aspects(options.num_subcaptions);
  SampleLabels labels;
  for (CsvRow row; rows.next(row);) {
    const std::string where = rows.where(row);
    CaptionedSample& sample = table.samples.emplace_back();
    sample.image_path = row.fields[image];
    if (trim(sample.image_path).empty()) {
      throw DataError(text(where, ": ", rows.columns()[image], " is empty"));
    }
    reader->read(row, where, sample);
    if (ontology) {
      sample.ontology = parse_ontology(row.fields[*ontology], where + ", column ontology_label");
    }
    labels.add(label ? trim(row.fields[*label]) : std::string_view{});
  }
  if (table.samples.empty()) throw DataError(rows.name() + " has a header but no rows");
  check_templates(table, rows, options);
  labels.apply(table);
  table.warnings = reader->warnings();
  return table;
}

std::unique_ptr<TableReader> open_table(const std::filesystem::path& path,
                                        const std::string& content, const TableOptions& options) {
  if (path.extension() == ".jsonl") {
    return std::make_unique<MemoryTable>(read_json_table(content, path.string()));
  }
  return std::make_unique<CsvReader>(content, path.string(),
                                     options.separator.value_or(find_separator(content)));
}

std::string table_hash(const std::string& content, const TableOptions& options) {
  std::string choices;
  const auto add = [&](const char* option, const std::string& value) {
    if (!value.empty()) choices += text(option, " ", value.size(), ":", value, "\n");
  };
  add("image", options.image_column);
  add("caption", options.caption_column);
  add("label", options.label_column);
  if (options.separator) add("separator", std::string(1, *options.separator));
  for (const std::string& one : options.templates) add("template", one);
  const std::string hash = sha256_hex(content);
  return choices.empty() ? hash : sha256_hex(text(hash, "\n", choices));
}

SampleTable read_table(const std::filesystem::path& path, const TableOptions& options) {
  const std::string content = read_file(path);
  SampleTable table = read_samples(*open_table(path, content, options), options);
  table.content_hash = table_hash(content, options);
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
