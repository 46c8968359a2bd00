// Comma-separated values (RFC 4180): quoted fields with commas, doubled quotes and line breaks; LF
// or CRLF; UTF-8, with or without a byte order mark; blank lines are skipped. A quote inside an
// unquoted field is text. Another character may take the comma's place.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "src/text/table_reader.h"

namespace dermatome {

// What separates the fields of `content` by its first line: a comma if there is one, else a tab if
// there is one, else a semicolon if there is one, else a comma.
char find_separator(std::string_view content);

// Reads row after row of `content`, which must outlive the reader. `name` appears in errors.
class CsvReader : public TableReader {
 public:
  // Reads the header. Throws DataError when there is none, a column's name occurs twice, or
  // `content` is not UTF-8.
  CsvReader(std::string_view content, std::string name, char separator = ',');

  // False at the end. Throws DataError with the line for a quote that is never closed, text behind
  // a closing quote, or a wrong number of fields.
  bool next(CsvRow& row) override;

 private:
  void check_encoding() const;
  bool read_record(CsvRow& row);
  std::string read_quoted();
  [[noreturn]] void fail(int64_t line, const std::string& what) const;

  std::string_view left_;
  char separator_;
  int64_t line_ = 1;
};

}  // namespace dermatome
