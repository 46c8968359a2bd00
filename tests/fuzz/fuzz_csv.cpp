// Reads any bytes as a table of every kind. They must be read or refused with a DataError.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sharding/memory_table.h"
#include "sharding/table.h"
#include "src/core/error.h"
#include "src/text/csv_reader.h"
#include "src/text/table_cell.h"

namespace dermatome {
namespace {

// Reads every cell in all forms that a cell may have; tables use only some forms per column.
void read_cells(std::string_view text) {
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
}

void read_as(std::optional<TableKind> kind, const std::string& path) {
  try {
    read_table(path, {.kind = kind, .num_subcaptions = 2});
  } catch (const DataError&) {
  }
}

}  // namespace
}  // namespace dermatome

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dermatome;
  try {
    read_cells({reinterpret_cast<const char*>(data), size});
  } catch (const DataError&) {
  }
  try {
    read_json_table({reinterpret_cast<const char*>(data), size}, "input");
  } catch (const DataError&) {
  }
  const int file = memfd_create("table", 0);
  if (file < 0 || write(file, data, size) != static_cast<ssize_t>(size)) return 0;
  const std::string path = "/proc/self/fd/" + std::to_string(file);
  read_as(std::nullopt, path);
  for (const auto& [name, kind] : kTableKinds) read_as(kind, path);
  close(file);
  return 0;
}
