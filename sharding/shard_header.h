// What a shard says about itself as a whole.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sharding/format.h"
#include "sharding/image_record.h"

namespace dermatome {

struct ShardHeader {
  int64_t format_version = shard_format::kFormatVersion;
  std::string tokenizer_hash;
  std::vector<std::string> aspects;  // names of the N captions
  ImagePolicy images;
  std::vector<std::string> label_names;
  std::string build_digest;   // of the table and the options the data set is built from
  std::string source_digest;  // of this shard's rows and the sizes of their image files
  int64_t num_rejected = 0;   // rows left out because their image could not be read
  // Images that were laid over a background, and gray images of 16 bits that were clipped; -1: the
  // program that made the shard did not count them.
  int64_t num_transparent = 0;
  int64_t num_clipped = 0;
};

}  // namespace dermatome
