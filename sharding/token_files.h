// Files with the token ids of a data set's captions for one tokenizer and context length, one file
// for each shard (FORMAT.md). They lie beside the shards or, where that folder cannot be written,
// in the user's cache. Any number of processes may read and write them at once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "sharding/manifest.h"
#include "sharding/token_table.h"

namespace dermatome {

// The folder beside the shards, and its name in the user's cache.
inline constexpr const char* kTokenFolder = "tokens";

class TokenFiles {
 public:
  TokenFiles(const DataSource& source, const Tokenizer& tokenizer, int64_t context_length);

  // Whether there is a file for `shard`, the name of a shard's file. It need not be whole.
  bool has(const std::string& shard) const;

  // The ids of the shard's captions. nullopt if there is no file, or none that is whole, which a
  // warning says.
  std::optional<TokenTable> read(const std::string& shard, int64_t num_captions) const;

  // Keeps the ids of the shard's captions. Returns an empty text, or why no folder takes them.
  std::string write(const std::string& shard, const TokenTable& table) const;

 private:
  std::filesystem::path path(const std::filesystem::path& folder, const std::string& shard) const;
  // What the file's content depends on, as 64 digits.
  std::string key(const std::string& shard) const;

  std::string identity_;
  std::vector<std::filesystem::path> folders_;  // in the order in which they are tried
};

}  // namespace dermatome
