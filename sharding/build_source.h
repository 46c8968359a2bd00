// Builds a data set from a table or from a folder of images.
#pragma once

#include <cstdint>
#include <string>

#include "sharding/build.h"
#include "sharding/format.h"
#include "sharding/table.h"

namespace dermatome {

struct SampleSource {
  std::string csv;     // a table,
  std::string folder;  // or, if this is not empty, a folder of images (captioned_folder.h)
  TableOptions table;
  std::string exclude;  // CSV file of images to leave out (excluded_images.h); empty: none
  // A model for which token files (token_files.h) are made, if the shards do not hold its ids.
  std::string tokenizer;  // its vocabulary, for read_tokenizer(); empty: CLIP's
  int64_t context_length = shard_format::kStoredContext;
};

// Reads what `source` names and builds its shards; a folder replaces options.image_root. Rank 0
// logs what is read, what is odd about it, which captions there are, and how many images stand in
// several rows. Returns, on rank 0, a line that says what was made. Throws what reading and
// building throw; DataError that names the folder and an image, before anything is written, if none
// of the images is there.
std::string build_from(const SampleSource& source, BuildOptions options, BuildTeam& team);

}  // namespace dermatome
