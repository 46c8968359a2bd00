// Images that a data set holds twice, or shares with evaluation sets.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "src/image/image.h"
#include "src/leakage/near_duplicates.h"

namespace dermatome {

struct DuplicateSearch {
  std::string data;                  // data set of shards, or a folder of images
  std::vector<std::string> against;  // the same, or benchmarks (YAML)
  // CSV file, or empty: none. Its columns are filename, other_set, other_filename and distance. A
  // row names an image of the data and the image that it repeats: the first image of its group, or
  // an image of another set; rows of one file are no copies of it. So the column `filename` names
  // what `dermatome shard --exclude` leaves out. A row without images says that a set was compared,
  // and at which distance.
  std::string output;
  int distance = kNearDistance;
  int num_threads = 0;
};

// An image of a group, for a person to look at.
struct ShownImage {
  std::string name;             // as its table has it
  std::string note;             // which set it is in, and how near it is
  std::function<Image()> read;  // throws DataError
};

struct FoundGroup {
  std::string title;
  std::vector<ShownImage> images;  // the one that the others repeat comes first
};

// Compares the data with itself and with each set, and calls `print` with a line on each as soon as
// it is compared. Warns of images that cannot be read. Every set is opened before any image is
// hashed, so a wrong name costs no time. Returns the groups of the data, the largest first, then
// those of each other set. Throws ConfigError, DataError, also for a set of which no image can be
// read.
using PrintLine = std::function<void(const std::string& line)>;
std::vector<FoundGroup> find_duplicates(const DuplicateSearch& search, const PrintLine& print);

}  // namespace dermatome
