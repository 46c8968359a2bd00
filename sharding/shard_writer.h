// Writes one shard (FORMAT.md).
#pragma once

#include <filesystem>
#include <vector>

#include "sharding/sample_table.h"
#include "sharding/shard_header.h"
#include "src/text/tokenizer.h"

namespace dermatome {

struct ShardSample {
  const CaptionedSample* sample = nullptr;
  ImageRecord image;
};

// Writes `samples` to `path` so that the file exists whole or not at all: written under a temporary
// name, synced, renamed. Equal arguments give equal bytes for any `num_threads`: the threads only
// share the tokenizing. Every sample has as many captions as the header has aspects. Throws
// DataError naming the file.
void write_shard(const std::filesystem::path& path, const ShardHeader& header,
                 const std::vector<ShardSample>& samples, const Tokenizer& tokenizer,
                 int num_threads);

}  // namespace dermatome
