#include "src/eval/leakage.h"

#include "sharding/csv_reader.h"
#include "src/core/file.h"

namespace dermatome {

Leakage read_leakage(const std::filesystem::path& path) {
  const std::string content = read_file(path);
  CsvReader reader(content, path.string());
  const size_t name = reader.column("other_filename");
  Leakage leakage{path.string(), {}};
  for (CsvRow row; reader.next(row);) leakage.names.insert(row.fields[name]);
  return leakage;
}

}  // namespace dermatome
