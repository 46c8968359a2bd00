// All shards of one or several data sets as one sequence of samples.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sharding/manifest.h"
#include "sharding/shard_reader.h"
#include "sharding/shard_tokens.h"
#include "src/core/thread_annotations.h"

namespace dermatome {

// Bytes that a sample of MAKE's table takes in an open shard's memory, about.
inline constexpr int64_t kMetadataBytesPerSample = 290;

// How many shards may be open at a time, and how much memory their metadata may take (enough for
// about 15 million samples of MAKE's table). Those unused for longest are closed first.
struct OpenShardLimits {
  int64_t shards = 768;  // each needs a file descriptor, of which processes often have 1,024
  uint64_t bytes = uint64_t{4} << 30;
};

// A sample's place. Keeps its shard open.
struct SamplePlace {
  std::shared_ptr<const ShardReader> shard;
  int64_t row = 0;
};

// Start-up reads the manifests alone; a shard is opened when a sample of it is asked for. All
// functions may be called from any number of threads.
class ShardedDataset {
 public:
  // `sources`: directories of data sets or their manifests, one after the other. `tokens`: the ids
  // that captions have, which are made now if no file has them (make_token_files()); nullopt: the
  // ids that the shards hold, of whatever tokenizer. Throws DataError; ConfigError when several
  // sources cannot be mixed (one has no samples, or other captions than the first), or when the
  // tokenizer has too many ids.
  explicit ShardedDataset(const std::vector<std::filesystem::path>& sources,
                          std::optional<TokenFormat> tokens = std::nullopt,
                          OpenShardLimits limits = {});
  // One source, which may be without samples.
  explicit ShardedDataset(const std::filesystem::path& source,
                          std::optional<TokenFormat> tokens = std::nullopt,
                          OpenShardLimits limits = {});

  int64_t size() const { return first_row_.back(); }
  const std::vector<DataSource>& sources() const { return sources_; }
  std::vector<int64_t> source_sizes() const;                                       // samples each
  int64_t num_captions() const { return sources_.front().manifest.num_captions; }  // N
  // The identity of the sequence: the manifest's digest, or a digest of all sources' digests in
  // order.
  std::string digest() const;
  // The hash of the tokenizer whose ids the captions have.
  const std::string& tokenizer_hash() const;
  // The identity of the sequence with its captions' ids: digest(), or another one if the shards
  // hold the ids of another tokenizer.
  std::string digest_with_tokens() const;

  // Where sample `global_index` is. Throws DataError when its shard cannot be opened or is not the
  // one its manifest describes.
  SamplePlace locate(int64_t global_index) const;
  // The file that sample `global_index` is in; opens nothing.
  std::filesystem::path shard_path(int64_t global_index) const;

  int64_t num_shards() const { return std::ssize(slots_); }
  // How many shards of average size may be open within the limits.
  int64_t max_open_shards() const;

 private:
  struct Slot {
    size_t source = 0;
    size_t entry = 0;  // in the source's manifest
    Mutex mutex;
    std::shared_ptr<const ShardReader> reader GUARDED_BY(mutex);
    std::atomic<uint64_t> last_use{0};
  };
  size_t shard_of(int64_t global_index) const;
  // Notes that shard `opened` is open, and closes others while the limits are exceeded.
  void keep_within_limits(size_t opened, uint64_t bytes) const;

  std::optional<TokenFormat> tokens_;
  OpenShardLimits limits_;
  std::vector<DataSource> sources_;
  std::vector<int64_t> first_row_{0};  // of every shard, and the total
  mutable std::vector<Slot> slots_;    // one per shard
  mutable std::atomic<uint64_t> clock_{0};
  struct Open {
    size_t shard;
    uint64_t bytes;
  };
  mutable Mutex open_mutex_;  // taken before a slot's
  mutable std::vector<Open> open_ GUARDED_BY(open_mutex_);
  mutable uint64_t open_bytes_ GUARDED_BY(open_mutex_) = 0;
};

}  // namespace dermatome
