#include "src/eval/benchmark_table.h"

#include <memory>
#include <utility>

#include "src/core/file.h"
#include "src/eval/kinds/kind.h"
#include "src/eval/table_images.h"
#include "src/text/csv_reader.h"

namespace dermatome {

BenchmarkTable read_benchmark_table(const BenchmarkOptions& options) {
  std::string content = read_file(options.csv);
  CsvReader reader(content, options.csv);
  TableImages images(options, reader);
  const std::unique_ptr<RowReader> rows = options.kind->open_rows(options, reader);
  for (CsvRow row; reader.next(row);) rows->add(row, images);
  BenchmarkTable table = images.finish();
  table.truth = rows->finish();
  table.content = std::move(content);
  return table;
}

}  // namespace dermatome
