// The rows of a table, whatever kind of file they come from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dermatome {

struct CsvRow {
  int64_t line = 0;                 // where the row begins, counted from 1
  std::vector<std::string> fields;  // one per column
};

class TableReader {
 public:
  virtual ~TableReader() = default;

  const std::string& name() const { return name_; }  // as errors name the table
  const std::vector<std::string>& columns() const { return columns_; }
  std::string column_list() const;  // "a, b, c"
  std::optional<size_t> find_column(const std::string& column) const;
  bool has_column(const std::string& column) const { return find_column(column).has_value(); }
  // The index of `column`. Throws DataError naming the table, the column and the table's columns.
  size_t column(const std::string& column) const;

  // False at the end. Throws DataError for a row that cannot be read.
  virtual bool next(CsvRow& row) = 0;
  // Where a row that next() gave stands, to begin an error with: "FILE line N".
  virtual std::string where(const CsvRow& row) const;

 protected:
  explicit TableReader(std::string name) : name_(std::move(name)) {}

  std::string name_;
  std::vector<std::string> columns_;
};

}  // namespace dermatome
