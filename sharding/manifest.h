// The data set as a whole: which shards it has and what they hold.
//
// The file is YAML, written in its JSON subset: any YAML or JSON parser can read it, and this
// folder needs no yaml-cpp.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace dermatome {

struct ShardEntry {
  std::string file;  // name, beside the manifest
  int64_t num_samples = 0;
  uint64_t bytes = 0;
  uint32_t crc32c = 0;  // of the whole file
};

struct Manifest {
  int format_version = 0;
  std::string tokenizer_hash;
  int64_t num_captions = 0;  // N
  std::vector<std::string> aspects;
  int image_short_side = 0;
  std::string image_encoding;            // jpeg | raw
  int jpeg_quality = 0;                  // 0 when raw
  std::vector<std::string> label_names;  // UTF-8
  int64_t num_rejected = 0;  // rows of the table left out because their image could not be read
  std::string build_digest;  // of the table and the options the data set was built from
  std::vector<ShardEntry> shards;
  std::string digest;  // SHA-256 over all of the above: the data set's identity

  int64_t num_samples() const;
  uint64_t num_bytes() const;  // of all shards
};

// A data set: where it is and what it holds.
struct DataSource {
  std::filesystem::path directory;
  Manifest manifest;
};

// `directory_or_file`: the directory of a data set, or its manifest. Throws DataError naming the
// file when it is missing, malformed, of another version, or contradicts its own digest;
// StorageLost where its storage fails.
Manifest read_manifest(const std::filesystem::path& directory_or_file);

// The data set of which `directory_or_file` is the directory or the manifest. Throws what
// read_manifest() throws.
DataSource read_source(const std::filesystem::path& directory_or_file);

// Writes DIRECTORY/manifest.yaml atomically, with the digest computed. Returns what was written.
// Throws DataError.
Manifest write_manifest(const std::filesystem::path& directory, Manifest manifest);

// Where the manifest of `directory_or_file` is; its parent_path() is the data set's directory.
std::filesystem::path manifest_path(const std::filesystem::path& directory_or_file);

// Names of the shard files in `directory` that are not among `known`, sorted.
std::vector<std::string> shards_besides(const std::filesystem::path& directory,
                                        const std::set<std::string>& known);

}  // namespace dermatome
