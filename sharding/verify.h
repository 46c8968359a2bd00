// Checks all that can be checked about a data set without the original images.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "sharding/shard_reader.h"
#include "src/text/tokenizer.h"

namespace dermatome {

struct VerifyReport {
  int64_t num_shards = 0;
  int64_t num_samples = 0;
  uint64_t bytes = 0;
  int64_t num_unchecked = 0;  // shards whose ids another tokenizer made, which were not compared
  // Each names the shard, and row and source file if there is one.
  std::vector<std::string> problems;
};

// The manifest's digest, every shard's presence, size and checksum, its indices (ShardReader),
// every image's checksum and decoding, every caption's tokens if `tokenizer` made them; shard files
// the manifest does not know. Throws DataError only when the manifest itself cannot be used,
// StorageLost where storage stays away: what it holds is then not known to be damaged.
VerifyReport verify_dataset(const std::filesystem::path& directory_or_manifest,
                            const Tokenizer& tokenizer, int num_threads);

// What is wrong with an open shard's images and, if `tokenizer` made them, tokens, in the order of
// rows. Throws DataError
// when the file cannot be read, StorageLost when its storage is away: no further record is
// tried then.
std::vector<std::string> verify_shard(const ShardReader& shard, const Tokenizer& tokenizer,
                                      int num_threads);

}  // namespace dermatome
