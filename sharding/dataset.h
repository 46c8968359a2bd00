// All shards of a data set as one sequence of samples.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "sharding/manifest.h"
#include "sharding/shard_reader.h"

namespace dermatome {

// Start-up reads the manifest alone; a shard is opened when a sample of it is first asked for. All
// functions may be called from any number of threads.
class ShardedDataset {
 public:
  // `manifest`: a data set's directory or manifest. Throws DataError, also for another tokenizer's
  // data.
  ShardedDataset(const std::filesystem::path& manifest, std::string expected_tokenizer_hash);

  int64_t size() const { return first_row_.back(); }
  const Manifest& manifest() const { return manifest_; }

  // The shard that holds sample `global_index`, and its row there. The reference lives as long as
  // this object. Throws DataError when the shard cannot be opened or is not the one the manifest
  // describes.
  std::pair<const ShardReader&, int64_t> locate(int64_t global_index) const;

 private:
  struct Slot {
    std::mutex mutex;
    std::unique_ptr<const ShardReader> reader;
  };

  std::filesystem::path directory_;
  std::string tokenizer_hash_;
  Manifest manifest_;
  std::vector<int64_t> first_row_;  // of every shard, and the total
  mutable std::vector<Slot> slots_;
};

// Opens shard `entry` of `manifest` in `directory`. Throws DataError when it is not the one
// described: another size, number of samples, or build.
std::unique_ptr<const ShardReader> open_shard(const std::filesystem::path& directory,
                                              const Manifest& manifest, const ShardEntry& entry,
                                              const std::string& expected_tokenizer_hash);

}  // namespace dermatome
