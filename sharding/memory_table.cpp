#include "sharding/memory_table.h"

#include <nlohmann/json.hpp>

#include "sharding/json_cell.h"
#include "src/core/error.h"
#include "src/core/text.h"
#include "src/text/table_cell.h"

namespace dermatome {

MemoryTable::MemoryTable(std::string name, std::vector<std::string> columns)
    : TableReader(std::move(name)) {
  columns_ = std::move(columns);
}

size_t MemoryTable::add_column(const std::string& column) {
  if (const auto found = find_column(column)) return *found;
  columns_.push_back(column);
  return columns_.size() - 1;
}

void MemoryTable::add_row(std::string where, std::vector<std::string> fields) {
  rows_.push_back({std::move(where), std::move(fields)});
}

bool MemoryTable::next(CsvRow& row) {
  if (next_ == rows_.size()) return false;
  row.fields = std::move(rows_[next_++].fields);
  row.fields.resize(columns_.size());
  row.line = static_cast<int64_t>(next_);
  return true;
}

std::string MemoryTable::where(const CsvRow& row) const { return rows_.at(row.line - 1).where; }

MemoryTable read_json_table(std::string_view content, const std::string& name) {
  MemoryTable table(name, {});
  int64_t number = 0;
  while (!content.empty()) {
    const std::string_view line = content.substr(0, content.find('\n'));
    content.remove_prefix(std::min(line.size() + 1, content.size()));
    ++number;
    if (trim(line).empty()) continue;
    const std::string where = text(name, " line ", number);
    const auto object = nlohmann::ordered_json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!object.is_object()) {
      throw DataError(where + " is no JSON object; write one {\"column\": value, ...} per line");
    }
    std::vector<std::string> fields;
    for (const auto& [key, value] : object.items()) {
      const std::string cell = json_cell(value);
      if (cell.empty()) continue;
      const size_t column = table.add_column(key);
      if (fields.size() <= column) fields.resize(column + 1);
      fields[column] = cell;
    }
    table.add_row(where, std::move(fields));
  }
  return table;
}

}  // namespace dermatome
