#include "src/text/csv_reader.h"

#include <algorithm>

#include "src/core/error.h"
#include "src/core/log.h"
#include "src/core/text.h"
#include "src/text/unicode.h"

namespace dermatome {

char find_separator(std::string_view content) {
  const std::string_view header = content.substr(0, content.find('\n'));
  for (const char separator : {',', '\t', ';'}) {
    if (header.find(separator) != std::string_view::npos) return separator;
  }
  return ',';
}

CsvReader::CsvReader(std::string_view content, std::string name, char separator)
    : TableReader(std::move(name)), left_(content), separator_(separator) {
  check_encoding();
  if (left_.starts_with("\xEF\xBB\xBF")) left_.remove_prefix(3);
  CsvRow header;
  if (!read_record(header))
    throw DataError(name_ + " is empty; begin it with a line of column names");
  columns_ = std::move(header.fields);
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (std::find(columns_.begin(), columns_.begin() + i, columns_[i]) != columns_.begin() + i) {
      fail(header.line, text("column '", columns_[i], "' occurs twice; rename or remove one"));
    }
  }
}

bool CsvReader::next(CsvRow& row) {
  if (!read_record(row)) return false;
  if (row.fields.size() != columns_.size()) {
    fail(row.line, text(row.fields.size(), " fields, but the header has ", columns_.size(),
                        " columns; put fields with ", separator_ == ',' ? "commas" : "separators",
                        " or line breaks in quotes"));
  }
  return true;
}

bool CsvReader::read_record(CsvRow& row) {
  while (left_.starts_with('\n') || left_.starts_with("\r\n")) {
    left_.remove_prefix(left_.find('\n') + 1);
    ++line_;
  }
  if (left_.empty()) return false;
  row.line = line_;
  row.fields.clear();
  const char ends[] = {separator_, '\n', '\0'};
  for (;;) {
    if (left_.starts_with('"')) {
      row.fields.push_back(read_quoted());
    } else {
      const std::string_view field = left_.substr(0, left_.find_first_of(ends));
      left_.remove_prefix(field.size());
      const bool crlf = left_.starts_with('\n') && field.ends_with('\r');
      row.fields.emplace_back(field.substr(0, field.size() - (crlf ? 1 : 0)));
    }
    if (left_.empty()) return true;
    if (left_.starts_with(separator_)) {
      left_.remove_prefix(1);
      continue;
    }
    if (left_.starts_with("\r\n")) left_.remove_prefix(1);
    if (!left_.starts_with('\n')) {
      fail(line_, "text behind a closing quote; double the quotes inside a quoted field");
    }
    left_.remove_prefix(1);
    ++line_;
    return true;
  }
}

std::string CsvReader::read_quoted() {
  const int64_t first_line = line_;
  std::string field;
  left_.remove_prefix(1);
  for (;;) {
    const size_t quote = left_.find('"');
    if (quote == std::string_view::npos) {
      fail(first_line,
           "the quote opened here is never closed; close it, or double the quotes inside");
    }
    const std::string_view part = left_.substr(0, quote);
    line_ += std::count(part.begin(), part.end(), '\n');
    field += part;
    left_.remove_prefix(quote + 1);
    if (!left_.starts_with('"')) return field;
    field += '"';
    left_.remove_prefix(1);
  }
}

void CsvReader::check_encoding() const {
  if (left_.starts_with("\xFF\xFE") || left_.starts_with("\xFE\xFF")) {
    throw DataError(name_ + " is UTF-16 text; save it as UTF-8");
  }
  const size_t good = well_formed_length(left_);
  if (good == left_.size()) return;
  const auto line = 1 + std::count(left_.begin(), left_.begin() + good, '\n');
  fail(line, format("byte 0x%02X is not UTF-8 (is the text Latin-1 or Windows-1252?); save it as "
                    "UTF-8",
                    static_cast<uint8_t>(left_[good])));
}

void CsvReader::fail(int64_t line, const std::string& what) const {
  throw DataError(text(name_, " line ", line, ": ", what));
}

}  // namespace dermatome
