// A table whose rows are in memory: read from JSON, or gathered from several files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "src/text/table_reader.h"

namespace dermatome {

class MemoryTable : public TableReader {
 public:
  MemoryTable(std::string name, std::vector<std::string> columns);

  // The place of `column`, which is added if it is not there.
  size_t add_column(const std::string& column);
  // Adds a row, which stands at `where` in its file. Columns behind its last field are empty.
  void add_row(std::string where, std::vector<std::string> fields);

  bool next(CsvRow& row) override;
  std::string where(const CsvRow& row) const override;

 private:
  struct Row {
    std::string where;
    std::vector<std::string> fields;
  };
  std::vector<Row> rows_;
  size_t next_ = 0;
};

// A table of JSON objects, one per line; every key is a column. Numbers and truth values are cells
// as JSON writes them; null, lists and objects are empty cells, and a key that has nothing else is
// no column. `name` appears in errors. Throws DataError for a line that is no object.
MemoryTable read_json_table(std::string_view content, const std::string& name);

}  // namespace dermatome
