#include "sharding/dataset.h"

#include <algorithm>

#include "src/core/error.h"

namespace dermatome {

ShardedDataset::ShardedDataset(const std::filesystem::path& manifest,
                               std::string expected_tokenizer_hash)
    : directory_(manifest_path(manifest).parent_path()),
      tokenizer_hash_(std::move(expected_tokenizer_hash)),
      manifest_(read_manifest(manifest)),
      first_row_{0},
      slots_(manifest_.shards.size()) {
  if (manifest_.tokenizer_hash != tokenizer_hash_) {
    throw DataError(manifest_path(manifest).string() + ": made with tokenizer " +
                    manifest_.tokenizer_hash.substr(0, 12) + ", but this program has " +
                    tokenizer_hash_.substr(0, 12) + "; shard the data again");
  }
  for (const ShardEntry& shard : manifest_.shards) {
    first_row_.push_back(first_row_.back() + shard.num_samples);
  }
}

std::pair<const ShardReader&, int64_t> ShardedDataset::locate(int64_t global_index) const {
  require(global_index >= 0 && global_index < size(),
          "sample " + std::to_string(global_index) + " of " + std::to_string(size()));
  const auto next = std::upper_bound(first_row_.begin(), first_row_.end(), global_index);
  const size_t shard = next - first_row_.begin() - 1;
  Slot& slot = slots_[shard];
  const std::lock_guard lock(slot.mutex);
  if (!slot.reader) {
    slot.reader = open_shard(directory_, manifest_, manifest_.shards[shard], tokenizer_hash_);
  }
  return {*slot.reader, global_index - first_row_[shard]};
}

std::unique_ptr<const ShardReader> open_shard(const std::filesystem::path& directory,
                                              const Manifest& manifest, const ShardEntry& entry,
                                              const std::string& expected_tokenizer_hash) {
  const std::filesystem::path path = directory / entry.file;
  const auto check = [&](bool good, const std::string& what) {
    if (!good) {
      throw DataError("shard " + path.string() + " is not the one its manifest describes: " + what +
                      kShardRemedy);
    }
  };
  std::error_code error;
  const uint64_t bytes = std::filesystem::file_size(path, error);
  if (error) throw DataError("shard " + path.string() + ": " + error.message() + kShardRemedy);
  check(bytes == entry.bytes, std::to_string(bytes) + " bytes instead of " +
                                  std::to_string(entry.bytes) + ": truncated, or replaced");
  auto reader = std::make_unique<const ShardReader>(path, expected_tokenizer_hash);
  check(reader->num_samples() == entry.num_samples, std::to_string(reader->num_samples()) +
                                                        " samples instead of " +
                                                        std::to_string(entry.num_samples));
  check(reader->header().build_digest == manifest.build_digest &&
            reader->header().aspects == manifest.aspects,
        "it comes from another build");
  return reader;
}

}  // namespace dermatome
