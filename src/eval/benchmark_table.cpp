#include "src/eval/benchmark_table.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>

#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/log.h"
#include "src/text/csv_reader.h"

namespace dermatome {
namespace {

std::optional<int64_t> class_of(const std::string& label, const BenchmarkOptions& options) {
  const auto found =
      std::ranges::find_if(options.classes, [&](const auto& c) { return c.label == label; });
  if (found == options.classes.end()) return std::nullopt;
  return found - options.classes.begin();
}

class TableBuilder {
 public:
  TableBuilder(const BenchmarkOptions& options, const CsvReader& reader)
      : options_(options), image_(reader.column(options.image_column)) {
    if (options.kind == BenchmarkKind::kClassification) {
      target_ = reader.column(options.label_column);
    } else if (options.kind == BenchmarkKind::kRetrieval) {
      target_ = reader.column(options.caption_column);
    } else {
      find_concepts(reader);
    }
    if (!options.group_column.empty()) group_ = reader.column(options.group_column);
    for (const auto& column : options.slice_columns) {
      slices_.push_back(reader.column(column));
      table_.slices.push_back({column, {}});
    }
  }

  void add(const CsvRow& row) {
    const std::string where = options_.csv + ":" + std::to_string(row.line);
    std::optional<int64_t> label;
    if (options_.kind == BenchmarkKind::kClassification) {
      const std::string& text = row.fields[target_];
      label = class_of(text, options_);
      if (!label) {
        leave_out(text, where + ": label '" + text + "' is not a class of benchmark " +
                            options_.name + "; add the class, correct the label");
        return;
      }
    }
    const int64_t picture = find_picture(row, where);
    if (label) table_.labels.push_back(*label);
    if (options_.kind == BenchmarkKind::kRetrieval) {
      captions_.push_back({picture, row.fields[target_]});
    }
    if (options_.kind == BenchmarkKind::kConcepts) add_concepts(row, where);
  }

  BenchmarkTable finish() {
    if (table_.images.empty()) {
      throw DataError(options_.csv + ": the table has no rows" +
                      (table_.unlisted.empty() ? "" : " whose label is a class"));
    }
    std::ranges::stable_sort(captions_, {}, &Caption::picture);
    for (auto& [picture, text] : captions_) {
      table_.picture_of.push_back(picture);
      table_.captions.push_back(std::move(text));
    }
    return std::move(table_);
  }

 private:
  struct Caption {
    int64_t picture;
    std::string text;
  };

  void find_concepts(const CsvReader& reader) {
    for (const auto& entry : options_.classes) {
      concepts_.push_back(reader.find_column(entry.label));
      if (!concepts_.back()) table_.missing_concepts.push_back(entry.label);
    }
    table_.present.resize(concepts_.size());
    if (table_.missing_concepts.size() == concepts_.size()) {
      reader.column(options_.classes.front().label);  // names the columns there are
    }
  }

  void leave_out(const std::string& label, const std::string& problem) {
    if (options_.unlisted_labels == UnlistedLabels::kFail) {
      throw DataError(problem + ", or set unlisted_labels: ignore");
    }
    ++table_.unlisted[label];
  }

  // The picture of a row, added unless it is retrieval's next caption of one that is there.
  int64_t find_picture(const CsvRow& row, const std::string& where) {
    const std::string& name = row.fields[image_];
    if (name.empty()) {
      throw DataError(where + ": column '" + options_.image_column + "' names no picture");
    }
    const int64_t next = std::ssize(table_.names);
    if (options_.kind == BenchmarkKind::kRetrieval) {
      const auto [known, added] = pictures_.try_emplace(name, next);
      if (!added) {
        check_same(row, known->second, where);
        return known->second;
      }
    }
    table_.names.push_back(name);
    table_.images.push_back((std::filesystem::path(options_.images) / name).string());
    const std::string group = group_of(row);
    group_names_.push_back(group);
    // An empty cell is nobody's: its picture stands for itself.
    const int64_t new_group = num_groups_;
    const int64_t of_group =
        group.empty() ? new_group : groups_.try_emplace(group, new_group).first->second;
    if (of_group == new_group) ++num_groups_;
    table_.group.push_back(of_group);
    for (size_t i = 0; i < slices_.size(); ++i) {
      table_.slices[i].values.push_back(row.fields[slices_[i]]);
    }
    return next;
  }

  std::string group_of(const CsvRow& row) const {
    return group_ ? row.fields[*group_] : std::string();
  }

  // A picture is of one patient and in one slice, whichever row says so.
  void check_same(const CsvRow& row, int64_t picture, const std::string& where) const {
    const auto compare = [&](const std::string& column, const std::string& before,
                             const std::string& now) {
      if (before == now) return;
      throw DataError(where + ": column '" + column + "' is '" + now + "', but '" + before +
                      "' in an earlier row of the picture " + row.fields[image_]);
    };
    compare(options_.group_column, group_names_[picture], group_of(row));
    for (size_t i = 0; i < slices_.size(); ++i) {
      compare(table_.slices[i].column, table_.slices[i].values[picture], row.fields[slices_[i]]);
    }
  }

  void add_concepts(const CsvRow& row, const std::string& where) {
    static const std::set<std::string> kPresent = {"1", "1.0", "true", "True", "TRUE"};
    static const std::set<std::string> kAbsent = {"0", "0.0", "false", "False", "FALSE"};
    for (size_t i = 0; i < concepts_.size(); ++i) {
      uint8_t value = BenchmarkTable::kUnknown;
      if (concepts_[i]) {
        const std::string& cell = row.fields[*concepts_[i]];
        const std::string& label = options_.classes[i].label;
        if (kPresent.contains(cell)) {
          value = 1;
        } else if (kAbsent.contains(cell)) {
          value = 0;
        } else if (cell.empty()) {
          leave_out(label, where + ": column '" + label + "' is empty; write 1 or 0");
        } else {
          throw DataError(where + ": column '" + label + "' is '" + cell +
                          "'; a concept is 1 (present) or 0");
        }
      }
      table_.present[i].push_back(value);
    }
  }

  const BenchmarkOptions& options_;
  size_t image_;
  size_t target_ = 0;
  std::vector<std::optional<size_t>> concepts_;
  std::optional<size_t> group_;
  std::vector<size_t> slices_;
  std::map<std::string, int64_t> pictures_;
  std::map<std::string, int64_t> groups_;
  std::vector<std::string> group_names_;  // of the pictures
  int64_t num_groups_ = 0;
  std::vector<Caption> captions_;
  BenchmarkTable table_;
};

}  // namespace

BenchmarkTable read_benchmark_table(const BenchmarkOptions& options) {
  std::string content = read_file(options.csv);
  CsvReader reader(content, options.csv);
  TableBuilder builder(options, reader);
  for (CsvRow row; reader.next(row);) builder.add(row);
  BenchmarkTable table = builder.finish();
  for (const auto& name : table.missing_concepts) {
    log_warning(options.csv + ": no column '" + name + "', so benchmark " + options.name +
                " does not score this concept");
  }
  table.content = std::move(content);
  return table;
}

}  // namespace dermatome
