// A benchmark's data: which images, and what is true of them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "src/core/error.h"
#include "src/eval/benchmark_options.h"

namespace dermatome {

// What the table says of its images. Every kind of benchmark derives a class of its own.
class Truth {
 public:
  virtual ~Truth() = default;
};

struct BenchmarkTable {
  std::vector<std::string> names;   // of the images, as the table has them
  std::vector<std::string> images;  // their absolute paths
  std::shared_ptr<const Truth> truth;

  // How many rows were left out for their label, by label, or how many cells for being empty, by
  // concept.
  std::map<std::string, int64_t> unlisted;

  std::vector<int64_t> group;  // [images], from 0; all different without a group column
  struct Slices {
    std::string column;
    std::vector<std::string> values;  // [images]
  };
  std::vector<Slices> slices;

  std::string content;  // the table's file as read
};

// The table's truth, as the class of the kind that made it.
template <typename Own>
const Own& truth_of(const BenchmarkTable& table) {
  const auto* own = dynamic_cast<const Own*>(table.truth.get());
  require(own != nullptr, "a table of another kind of benchmark");
  return *own;
}

// Throws DataError naming file, line and column.
BenchmarkTable read_benchmark_table(const BenchmarkOptions& options);

// The table of these bytes, which are as they were read, without the rows of the images `left_out`.
BenchmarkTable parse_benchmark_table(const BenchmarkOptions& options, std::string content,
                                     const std::set<std::string>& left_out = {});

}  // namespace dermatome
