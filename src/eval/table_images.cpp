#include "src/eval/table_images.h"

#include <filesystem>
#include <utility>

#include "src/core/error.h"
#include "src/core/text.h"

namespace dermatome {

TableImages::TableImages(const BenchmarkOptions& options, const CsvReader& table)
    : options_(options), image_(table.column(options.image_column)) {
  if (!options.group_column.empty()) group_ = table.column(options.group_column);
  for (const auto& column : options.slice_columns) {
    slices_.push_back(table.column(column));
    table_.slices.push_back({column, {}});
  }
}

int64_t TableImages::add(const CsvRow& row) {
  const std::string& name = row.fields[image_];
  if (name.empty()) {
    throw DataError(text(where(row), ": column '", options_.image_column, "' names no image"));
  }
  table_.names.push_back(name);
  table_.images.push_back((std::filesystem::path(options_.images) / name).string());
  const std::string group = group_of(row);
  group_names_.push_back(group);
  // An image whose group is empty is a group by itself.
  const int64_t new_group = num_groups_;
  const int64_t of_group =
      group.empty() ? new_group : groups_.try_emplace(group, new_group).first->second;
  if (of_group == new_group) ++num_groups_;
  table_.group.push_back(of_group);
  for (size_t i = 0; i < slices_.size(); ++i) {
    table_.slices[i].values.push_back(row.fields[slices_[i]]);
  }
  return std::ssize(table_.names) - 1;
}

int64_t TableImages::find_or_add(const CsvRow& row) {
  const auto known = images_.find(row.fields[image_]);
  if (known != images_.end()) {
    check_same(row, known->second);
    return known->second;
  }
  const int64_t added = add(row);
  images_.emplace(row.fields[image_], added);
  return added;
}

void TableImages::leave_out(const std::string& label, const std::string& problem) {
  if (options_.unlisted_labels == UnlistedLabels::kFail) {
    throw DataError(problem + ", or set unlisted_labels: ignore");
  }
  ++table_.unlisted[label];
}

std::string TableImages::where(const CsvRow& row) const {
  return text(options_.csv, ":", row.line);
}

BenchmarkTable TableImages::finish() {
  if (table_.images.empty()) {
    throw DataError(text(options_.csv, ": the table has no rows",
                         table_.unlisted.empty() ? "" : " whose label is a class"));
  }
  return std::move(table_);
}

std::string TableImages::group_of(const CsvRow& row) const {
  return group_ ? row.fields[*group_] : std::string();
}

// All rows of an image must name the same patient and the same slices.
void TableImages::check_same(const CsvRow& row, int64_t image) const {
  const auto compare = [&](const std::string& column, const std::string& before,
                           const std::string& now) {
    if (before == now) return;
    throw DataError(text(where(row), ": column '", column, "' is '", now, "', but '", before,
                         "' in an earlier row of the image ", row.fields[image_]));
  };
  compare(options_.group_column, group_names_[image], group_of(row));
  for (size_t i = 0; i < slices_.size(); ++i) {
    compare(table_.slices[i].column, table_.slices[i].values[image], row.fields[slices_[i]]);
  }
}

}  // namespace dermatome
