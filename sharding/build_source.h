// Where the samples of a data set come from, and building it from there.
#pragma once

#include <string>

#include "sharding/build.h"
#include "sharding/table.h"

namespace dermatome {

struct SampleSource {
  std::string csv;     // a table,
  std::string folder;  // or, if this is not empty, a folder of images without captions
  TableOptions table;
};

// build_shards() of what `source` names, with `folder` in place of options.image_root. Rank 0 logs
// what is read and what is odd about it. Returns, on rank 0, a line that says what was made. Throws
// what reading and building throw.
std::string build_from(const SampleSource& source, BuildOptions options, BuildTeam& team);

}  // namespace dermatome
