// Reads one shard (FORMAT.md).
//
// Construction checks everything but the pictures: names, version, tokenizer, checksum of the
// metadata, every index. After it, all functions may be called from any number of threads, and HDF5
// is no longer involved: metadata is looked up in a memory mapping, pictures are read by pread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sharding/mapped_file.h"
#include "sharding/shard_header.h"
#include "src/core/error.h"
#include "src/image/image.h"

namespace dermatome {

namespace hdf5 {
class ContiguousFile;
}

// Ends messages about a shard that is damaged, truncated or not there.
inline constexpr const char* kShardRemedy =
    "; copy it again, or run `dermatome shard` again with the same arguments, which keeps the "
    "shards "
    "that are whole";

// A picture's record that is damaged; everything else of its shard may be good.
class CorruptRecord : public DataError {
 public:
  using DataError::DataError;
};

class ShardReader {
 public:
  // Throws DataError naming the shard when it is missing, truncated, damaged, of another format
  // version, or was tokenised by another tokenizer than `expected_tokenizer_hash`.
  ShardReader(const std::filesystem::path& path, const std::string& expected_tokenizer_hash);

  const std::filesystem::path& path() const { return path_; }
  const ShardHeader& header() const { return header_; }
  int64_t num_samples() const { return static_cast<int64_t>(images_.size()); }
  uint64_t file_size() const { return file_.size(); }

  // The picture, into memory that is used again. Throws CorruptRecord naming shard, row and source
  // file when its record fails its checksum or is not what the index says, DataError when the file
  // cannot be read.
  void decode(int64_t row, Image& image) const;
  Image decode(int64_t row) const;

  // N rows of the shard's caption table; -1: no caption.
  std::span<const int32_t> caption_ids(int64_t row) const;
  std::span<const uint8_t> mask(int64_t row) const;  // N, 1 = valid
  int64_t label(int64_t row) const;                  // place in header().label_names, or -1
  int64_t ontology(int64_t row) const;               // ontology node, or -1
  std::string source(int64_t row) const;             // the picture's name in the table

  // The caption table: the shard's distinct captions.
  int32_t caption_table_size() const { return static_cast<int32_t>(caption_bounds_.size()) - 1; }
  std::span<const uint16_t> tokens(int32_t caption) const;  // ids, start and end of text included
  std::string caption_text(int32_t caption) const;
  int32_t empty_caption() const { return empty_caption_; }  // row of the caption ""
  int32_t nan_caption() const { return nan_caption_; }      // row of the caption "nan"

 private:
  void read_header(const hdf5::ContiguousFile& file, const std::string& expected_tokenizer_hash);
  void map_sections(const hdf5::ContiguousFile& file);
  void check_indices() const;
  void check(bool good, const std::string& what) const;
  // That `bounds` partitions `num_values` elements.
  void check_partition(std::span<const uint64_t> bounds, size_t num_values, const char* name) const;
  void check_row(int64_t row) const;
  // "shard PATH row ROW (SOURCE)", to begin an error with.
  std::string where(int64_t row) const;
  int64_t num_captions() const { return static_cast<int64_t>(header_.aspects.size()); }  // N
  void check_caption(int32_t caption) const;

  std::filesystem::path path_;
  MappedFile file_;
  ShardHeader header_;
  uint64_t image_offset_ = 0;  // of /images/bytes in the file
  uint64_t image_bytes_ = 0;
  int32_t empty_caption_ = -1;
  int32_t nan_caption_ = -1;
  std::span<const shard_format::ImageRow> images_;
  std::span<const char> caption_text_;
  std::span<const uint64_t> caption_bounds_;
  std::span<const uint16_t> tokens_;
  std::span<const uint64_t> token_bounds_;
  std::span<const int32_t> caption_;
  std::span<const uint8_t> mask_;
  std::span<const int32_t> label_;
  std::span<const int32_t> ontology_;
  std::span<const char> source_;
  std::span<const uint64_t> source_bounds_;
};

}  // namespace dermatome
