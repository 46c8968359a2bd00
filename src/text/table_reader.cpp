#include "src/text/table_reader.h"

#include <algorithm>

#include "src/core/error.h"
#include "src/core/joined.h"
#include "src/core/text.h"

namespace dermatome {

std::string TableReader::column_list() const { return joined(columns_); }

std::optional<size_t> TableReader::find_column(const std::string& column) const {
  const auto found = std::ranges::find(columns_, column);
  if (found == columns_.end()) return std::nullopt;
  return found - columns_.begin();
}

size_t TableReader::column(const std::string& column) const {
  if (const auto found = find_column(column)) return *found;
  throw DataError(text(name_, " has no column '", column, "'; its columns are: ", column_list(),
                       ". Add it, or correct its name"));
}

std::string TableReader::where(const CsvRow& row) const { return text(name_, " line ", row.line); }

}  // namespace dermatome
