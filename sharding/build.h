// From a table of samples to a data set of shards: parallel, resumable, deterministic.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "sharding/image_record.h"
#include "sharding/make_table.h"
#include "sharding/manifest.h"
#include "src/text/tokenizer.h"

namespace dermatome {

struct BuildOptions {
  // Put before every file name, also one that begins with '/'; empty: nothing.
  std::filesystem::path image_root;
  std::filesystem::path output;  // directory; made if missing
  ImagePolicy images;
  int64_t samples_per_shard = 0;  // rows of the table; at least 1
  int num_threads = 0;            // as of parallel_for
  double max_bad = 0.0;           // fraction of the table's rows whose picture may be unreadable
};

struct BuildReport {
  Manifest manifest;
  int64_t num_kept_shards = 0;        // found whole from an earlier run
  std::vector<std::string> rejected;  // "FILE: reason" of the rows left out in this run
};

// Shard i holds rows [i, i + 1) * samples_per_shard of the table, less the unreadable pictures, so
// that equal input gives equal bytes whatever the number of threads, and any shard can be made
// without the others. Shards in `output` that are whole, of this build, and whose picture files
// have the sizes they had are kept; the manifest is written last. A shard's pictures are held in
// memory until it is written.
//
// Throws ConfigError when `output` holds another data set, DataError when more pictures than
// allowed are unreadable.
BuildReport build_shards(const SampleTable& table, const Tokenizer& tokenizer,
                         const BuildOptions& options);

}  // namespace dermatome
