// Makes a data set of shards from a table of samples. Many threads and processes share the work,
// and a build that was interrupted continues. Equal input gives equal bytes.
#pragma once

#include <cstdint>
#include <vector>

#include "sharding/build_team.h"
#include "sharding/manifest.h"
#include "sharding/sample_table.h"
#include "sharding/shard_builder.h"
#include "src/text/tokenizer.h"

namespace dermatome {

struct BuildReport {
  Manifest manifest;
  int64_t num_kept_shards = 0;          // found whole from an earlier run
  std::vector<RejectedImage> rejected;  // all rows left out, in the table's order
  // Images laid over the background, and gray images of 16 bits that became partly white.
  int64_t num_transparent = 0;
  int64_t num_clipped = 0;
};

// The file beside the manifest that lists the rows left out, if there are any: CSV with the columns
// filename and reason.
inline constexpr const char* kRejectedName = "rejected.csv";

// Shard i holds rows [i, i + 1) * samples_per_shard of the table, less the unreadable images, so
// that equal input gives equal bytes for any number of threads and processes, and any shard
// can be made without the others. Shards that ShardBuilder keeps are not made again. The manifest
// is written last. A shard's images are held in memory until it is written.
//
// Every process of `team` calls this with equal arguments and makes every size-th shard; `output`
// is on a file system that they share. The manifest of the report is complete on rank 0 only.
//
// Throws ConfigError when `output` holds another data set, and in every process when they differ in
// the binary, the table or the options, naming the ranks and what differs; DataError when more
// images than allowed are unreadable (after their list was written), CommunicationError when
// another process fails.
BuildReport build_shards(const SampleTable& table, const Tokenizer& tokenizer,
                         const BuildOptions& options, BuildTeam& team);

// The same, by this process alone.
BuildReport build_shards(const SampleTable& table, const Tokenizer& tokenizer,
                         const BuildOptions& options);

}  // namespace dermatome
