// Any bytes as a table: its rows and masks are parsed, or refused with a DataError; nothing else.
#include <cstdint>
#include <string_view>

#include "sharding/csv_reader.h"
#include "sharding/table_cell.h"
#include "src/core/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dermatome;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    CsvReader csv(text, "input");
    for (CsvRow row; csv.next(row);) {
      for (const std::string& cell : row.fields) {
        if (is_missing(cell)) continue;
        try {
          if (cell.starts_with('[')) parse_mask(cell, "input");
          parse_integer(cell, "input");
        } catch (const DataError&) {
        }
      }
    }
  } catch (const DataError&) {
  }
  return 0;
}
