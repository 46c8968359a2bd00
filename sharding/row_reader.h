// Reads the rows of one kind of table; sharding/table.h reads whole tables with it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sharding/sample_table.h"
#include "src/core/text.h"
#include "src/text/table_reader.h"

namespace dermatome {

class RowReader {
 public:
  virtual ~RowReader() = default;
  // Fills captions and mask. `where` names file and line, for errors to begin with. Throws
  // DataError.
  virtual void read(const CsvRow& row, const std::string& where, CaptionedSample& sample) = 0;
  // What looked wrong in the rows read so far, counted.
  virtual std::vector<std::string> warnings() const { return {}; }
};

// The place of column `name` or, if only that one is there, of `other_name`. Throws DataError when
// both are missing.
inline size_t column_of(const TableReader& table, const std::string& name,
                        const std::string& other_name) {
  return table.column(table.has_column(name) || !table.has_column(other_name) ? name : other_name);
}

// How often something odd was seen, and where first.
class RowCount {
 public:
  void add(int64_t line) {
    if (number_++ == 0) first_line_ = line;
  }
  void report(const std::string& what, std::vector<std::string>& warnings) const {
    if (number_ == 0) return;
    warnings.push_back(text(number_, " row(s), first at line ", first_line_, ": ", what));
  }

 private:
  int64_t number_ = 0;
  int64_t first_line_ = 0;
};

}  // namespace dermatome
