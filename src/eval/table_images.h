// The images of a benchmark's table while its rows are read: names, groups, slices, and what is
// left out.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "src/eval/benchmark_table.h"
#include "src/text/csv_reader.h"

namespace dermatome {

class TableImages {
 public:
  // Finds the columns. `options` outlives the object. Throws DataError.
  TableImages(const BenchmarkOptions& options, const CsvReader& table);

  // Adds the row's image as a new one; returns its index. Throws DataError if the row names none.
  int64_t add(const CsvRow& row);
  // The same, but an image that an earlier row named is not added again; both rows must agree in
  // group and slices.
  int64_t find_or_add(const CsvRow& row);
  // Counts a row or a cell that is left out under `label`, or throws DataError with `problem` if
  // the benchmark does not ignore it.
  void leave_out(const std::string& label, const std::string& problem);
  // "FILE:LINE", for messages.
  std::string where(const CsvRow& row) const;

  // Everything except `truth` and `content`. Throws DataError if there is no image.
  BenchmarkTable finish();

 private:
  std::string group_of(const CsvRow& row) const;
  void check_same(const CsvRow& row, int64_t image) const;

  const BenchmarkOptions& options_;
  size_t image_;
  std::optional<size_t> group_;
  std::vector<size_t> slices_;
  std::map<std::string, int64_t> images_;
  std::map<std::string, int64_t> groups_;
  std::vector<std::string> group_names_;  // [images]
  int64_t num_groups_ = 0;
  BenchmarkTable table_;
};

}  // namespace dermatome
