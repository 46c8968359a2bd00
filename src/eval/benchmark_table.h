// A benchmark's data: which pictures, and what is true of them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "src/config/benchmark_options.h"

namespace dermatome {

struct BenchmarkTable {
  std::vector<std::string> names;   // of the pictures, as the table has them
  std::vector<std::string> images;  // their absolute paths

  std::vector<int64_t> labels;  // classification: class index a picture
  // Retrieval: pictures are told apart by name, so one that rows repeat has several captions, which
  // stand together here.
  std::vector<std::string> captions;
  std::vector<int64_t> picture_of;  // [captions], ascending
  // Concepts: [concept][picture] 1 present, 0 absent, kUnknown; a concept without a column is in
  // `missing_concepts` and all unknown.
  static constexpr uint8_t kUnknown = 2;
  std::vector<std::vector<uint8_t>> present;
  std::vector<std::string> missing_concepts;

  // Rows left out for their label, or cells for being empty, by label (or concept).
  std::map<std::string, int64_t> unlisted;

  std::vector<int64_t> group;  // a picture's group (all different without a group column), from 0
  struct Slices {
    std::string column;
    std::vector<std::string> values;  // a picture's
  };
  std::vector<Slices> slices;

  std::string content;  // the table's file as read
};

// Throws DataError naming file, line and column.
BenchmarkTable read_benchmark_table(const BenchmarkOptions& options);

}  // namespace dermatome
