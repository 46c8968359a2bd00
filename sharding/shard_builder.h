// Makes the shards of a data set, each by itself.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sharding/image_record.h"
#include "sharding/manifest.h"
#include "sharding/sample_table.h"
#include "sharding/shard_reader.h"
#include "src/core/progress.h"
#include "src/core/rank_facts.h"
#include "src/text/tokenizer.h"

namespace dermatome {

struct BuildOptions {
  std::filesystem::path image_root;  // the root of image_path()
  std::filesystem::path output;      // directory; made if missing
  ImagePolicy images;
  int64_t samples_per_shard = 0;  // rows of the table; at least 1
  int num_threads = 0;            // as in parallel_for()
  double max_bad = 0.0;           // fraction of the table's rows whose image may be unreadable
  std::string binary;             // the program's version, the same in all processes of a team
};

struct RejectedImage {
  std::string image_path;  // as the table has it
  std::string reason;
};

struct BuiltShard {
  ShardEntry entry;
  bool kept = false;                    // found whole from an earlier run
  std::vector<RejectedImage> rejected;  // rows left out, in the table's order
  // Images laid over the background, and gray images of 16 bits that became partly white.
  int64_t num_transparent = 0;
  int64_t num_clipped = 0;
};

class ShardBuilder {
 public:
  // Arguments must outlive the object.
  ShardBuilder(const SampleTable& table, const Tokenizer& tokenizer, const BuildOptions& options);

  int64_t num_shards() const { return num_shards_; }
  std::string file_name(int64_t shard) const;
  // Rows [shard, shard + 1) * samples_per_shard of the table.
  std::span<const CaptionedSample> rows(int64_t shard) const;
  // The digest of everything except the images that decides the data set's bytes.
  const std::string& build_digest() const { return build_digest_; }
  // What the digest is over, and all else that must be the same in all processes of a team.
  std::vector<RankFact> facts() const;

  // Keeps the shard that is there if it is whole, of this build, and its image files still have
  // their sizes. Else makes it; its images are in memory until it is written. Throws ConfigError
  // for a shard of another data set, StorageLost where storage fails.
  BuiltShard keep_or_make(int64_t shard, Progress& progress) const;

  // Throws ConfigError: `path` belongs to another data set.
  [[noreturn]] static void refuse(const std::filesystem::path& path);

 private:
  std::optional<BuiltShard> keep(int64_t shard, const std::string& source_digest) const;
  BuiltShard make(int64_t shard, const std::string& source_digest, Progress& progress) const;
  std::optional<std::vector<RejectedImage>> rejected_before(int64_t shard,
                                                            const ShardReader& reader) const;
  std::string digest_of_sources(std::span<const CaptionedSample> samples) const;

  const SampleTable& table_;
  const Tokenizer& tokenizer_;
  const BuildOptions& options_;
  std::string build_digest_;
  int64_t num_shards_ = 0;
};

}  // namespace dermatome
