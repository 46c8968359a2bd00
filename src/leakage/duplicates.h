// Images that a data set holds twice, or shares with evaluation sets.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "src/leakage/near_duplicates.h"

namespace dermatome {

struct DuplicateSearch {
  std::string data;                  // data set of shards, or a folder of images
  std::vector<std::string> against;  // the same, or benchmarks (YAML)
  // CSV file for the pairs, with a row without images for each set that was compared; empty: none
  std::string output;
  int distance = kNearDistance;
  int num_threads = 0;
};

// Compares the data with itself and with each set, and calls `print` with a line on each as soon as
// it is compared. Warns of images that cannot be read. Throws ConfigError, DataError.
using PrintLine = std::function<void(const std::string& line)>;
void find_duplicates(const DuplicateSearch& search, const PrintLine& print);

}  // namespace dermatome
