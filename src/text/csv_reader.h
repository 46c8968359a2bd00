// Comma-separated values (RFC 4180): quoted fields with commas, doubled quotes and line breaks; LF
// or CRLF; UTF-8, with or without a byte order mark; blank lines are skipped. A quote inside an
// unquoted field is text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dermatome {

struct CsvRow {
  int64_t line = 0;                 // where the row begins, counted from 1
  std::vector<std::string> fields;  // one per column
};

// Reads row after row of `content`, which must outlive the reader. `name` appears in errors.
class CsvReader {
 public:
  // Reads the header. Throws DataError when there is none, a column's name occurs twice, or
  // `content` is not UTF-8.
  CsvReader(std::string_view content, std::string name);

  const std::vector<std::string>& columns() const { return columns_; }
  std::optional<size_t> find_column(const std::string& column) const;
  bool has_column(const std::string& column) const { return find_column(column).has_value(); }
  // The index of `column`. Throws DataError naming the file, the column and the file's columns.
  size_t column(const std::string& column) const;

  // False at the end. Throws DataError with the line for a quote that is never closed, text behind
  // a closing quote, or a wrong number of fields.
  bool next(CsvRow& row);

 private:
  void check_encoding() const;
  bool read_record(CsvRow& row);
  std::string read_quoted();
  [[noreturn]] void fail(int64_t line, const std::string& what) const;

  std::string_view left_;
  std::string name_;
  int64_t line_ = 1;
  std::vector<std::string> columns_;
};

}  // namespace dermatome
