#include "src/eval/benchmark_table.h"

#include <memory>
#include <utility>

#include "src/core/file.h"
#include "src/eval/kinds/kind.h"
#include "src/eval/table_images.h"
#include "src/text/csv_reader.h"

namespace dermatome {

BenchmarkTable read_benchmark_table(const BenchmarkOptions& options) {
  return parse_benchmark_table(options, read_file(options.csv));
}

BenchmarkTable parse_benchmark_table(const BenchmarkOptions& options, std::string content,
                                     const std::set<std::string>& left_out) {
  CsvReader reader(content, options.csv);
  TableImages images(options, reader);
  const std::unique_ptr<RowReader> rows = options.kind->open_rows(options, reader);
  const size_t name = reader.column(options.image_column);
  for (CsvRow row; reader.next(row);) {
    if (!left_out.contains(row.fields[name])) rows->add(row, images);
  }
  BenchmarkTable table = images.finish();
  table.truth = rows->finish();
  table.content = std::move(content);
  return table;
}

}  // namespace dermatome
