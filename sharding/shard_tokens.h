// Which token ids the captions of a data set have for a model. Shards hold those of one tokenizer;
// for every other one they are made from the captions' texts, once.
#pragma once

#include <cstdint>
#include <stop_token>
#include <vector>

#include "sharding/manifest.h"
#include "sharding/shard_reader.h"
#include "sharding/token_table.h"
#include "src/text/tokenizer.h"

namespace dermatome {

// The ids that a model reads.
struct TokenFormat {
  const Tokenizer& tokenizer;  // outlives all that uses this
  int64_t context_length = 0;  // the most ids of a text
};

// Whether the shards of a data set hold these ids, or longer ones that need only be cut.
bool holds_tokens(const Manifest& manifest, const TokenFormat& format);

// Gives the captions of `shard`, which is one of `source`, the ids of `format`: those that it
// holds, those of a file (token_files.h), or new ones, which are kept in a file if they can be.
void give_tokens(ShardReader& shard, const DataSource& source, const TokenFormat& format);

// Makes the files that give_tokens() will look for and that are not there yet. Processes that do
// this at once share the work without waiting for each other. A shard that cannot be read is left
// out with a warning: whoever opens it gets the error. `num_threads`: as in parallel_for(). Throws
// ConfigError for a vocabulary that is too large (check_vocabulary()), DataError when a stop was
// requested.
void make_token_files(const std::vector<DataSource>& sources, const TokenFormat& format,
                      int num_threads, const std::stop_token& stop = {});

}  // namespace dermatome
