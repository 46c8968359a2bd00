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

  // The row's image as a new one: its index. Throws DataError where the row names none.
  int64_t add(const CsvRow& row);
  // The same, but an image that an earlier row named is that one, with which the row must agree in
  // group and slices.
  int64_t find_or_add(const CsvRow& row);
  // Counts a row or a cell that says nothing of `label`, or throws DataError with `problem` where
  // the benchmark does not ignore it.
  void leave_out(const std::string& label, const std::string& problem);
  // "FILE:LINE", for messages.
  std::string where(const CsvRow& row) const;

  // All but `truth` and `content`. Throws DataError where there is no image.
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
  std::vector<std::string> group_names_;  // of the images
  int64_t num_groups_ = 0;
  BenchmarkTable table_;
};

}  // namespace dermatome
