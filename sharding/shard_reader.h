// Reads one shard (FORMAT.md).
//
// Construction checks everything but the images: names, version, checksum of the metadata, every
// index. After it, all const functions may be called from any number of threads, and HDF5
// is no longer involved: what training looks up lies in memory (about 290 bytes per sample of
// MAKE's table), images and the captions' texts are read by pread. Where the file
// system fails, at whatever point, it is waited for (stored_file.h); then StorageLost is thrown.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "sharding/shard_header.h"
#include "sharding/stored_file.h"
#include "sharding/token_table.h"
#include "src/core/error.h"
#include "src/image/image.h"

namespace dermatome {

namespace hdf5 {
class ContiguousFile;
struct Section;
}  // namespace hdf5

// An image's record that is damaged; everything else of its shard may be good.
class CorruptRecord : public DataError {
 public:
  using DataError::DataError;
};

struct ImageSize {
  int height = 0;  // pixels
  int width = 0;
};

class ShardReader {
 public:
  // Throws DataError naming the shard when it is missing, truncated, damaged, or of another format
  // version.
  explicit ShardReader(const std::filesystem::path& path, Opening opening = Opening::kFirst);

  const std::filesystem::path& path() const { return path_; }
  const ShardHeader& header() const { return header_; }
  int64_t num_samples() const { return static_cast<int64_t>(images_.size()); }
  uint64_t file_size() const { return file_.size(); }
  uint64_t memory_bytes() const;  // of the metadata

  // The image, into memory that is used again. Throws CorruptRecord naming shard, row and source
  // file when its record fails its checksum or is not what the index says, DataError when the file
  // cannot be read; `image` may hold anything then.
  void decode(int64_t row, Image& image) const;
  Image decode(int64_t row) const;

  // The stored image's size, without decoding it.
  ImageSize image_size(int64_t row) const;

  // N rows of the shard's caption table; -1: no caption.
  std::span<const int32_t> caption_ids(int64_t row) const;
  std::span<const uint8_t> mask(int64_t row) const;  // N, 1 = valid
  int64_t label(int64_t row) const;                  // place in header().label_names, or -1
  int64_t ontology(int64_t row) const;               // ontology node, or -1
  std::string source(int64_t row) const;             // the image's name in the table
  // "shard PATH row ROW (SOURCE)", to begin an error with.
  std::string where(int64_t row) const;

  // The caption table: the shard's distinct captions.
  int32_t caption_table_size() const { return static_cast<int32_t>(tokens_.size()); }
  // Ids, start and end of text included: those that the shard holds, made by the tokenizer that its
  // header names, or those of set_tokens().
  std::span<const uint16_t> tokens(int32_t caption) const;
  const TokenTable& token_table() const { return tokens_; }  // of all captions
  std::string caption_text(int32_t caption) const;           // from the file; throws DataError
  std::vector<std::string> caption_texts() const;            // of all captions; as caption_text()
  int32_t empty_caption() const { return empty_caption_; }   // row of the caption ""
  int32_t nan_caption() const { return nan_caption_; }       // row of the caption "nan"

  // Gives the captions other ids from now on; `tokens` has as many texts as there are captions.
  void set_tokens(TokenTable tokens);

 private:
  void read_header(const hdf5::ContiguousFile& file);
  // Metadata that are looked at once, when the shard is opened.
  struct Opened;
  // The metadata in the order of its checksum: calls visit(name, element, rank, values) for each
  // data set, where `values` is the vector that holds it.
  template <typename Visit>
  void visit_metadata(Opened& opened, const Visit& visit);
  // Looks up where the data sets lie; returns the metadata's sections by name.
  std::map<std::string, hdf5::Section> locate_metadata(const hdf5::ContiguousFile& file);
  void read_metadata(const std::map<std::string, hdf5::Section>& sections);
  void check_indices() const;
  void check(bool good, const std::string& what, const char* remedy = kShardRemedy) const;
  // Throws DataError unless `bounds` partitions `num_values` elements.
  void check_partition(std::span<const uint64_t> bounds, size_t num_values, const char* name) const;
  void check_row(int64_t row) const;
  // Reads an image's record into `bytes`, which has its length, and checks it.
  void read_record(int64_t row, std::span<std::byte> bytes) const;
  int64_t num_captions() const { return static_cast<int64_t>(header_.aspects.size()); }  // N
  void check_caption(int32_t caption) const;
  // Fills `bounds` with those of the captions' texts from the caption `first` on.
  void read_caption_bounds(int32_t first, std::span<uint64_t> bounds) const;

  std::filesystem::path path_;
  StoredFile file_;
  ShardHeader header_;
  uint64_t metadata_checksum_ = 0;
  uint64_t image_offset_ = 0;  // of /images/bytes in the file
  uint64_t image_bytes_ = 0;
  uint64_t caption_offset_ = 0;  // of /captions/bytes
  uint64_t caption_bytes_ = 0;
  uint64_t caption_bounds_offset_ = 0;  // of /captions/index
  int32_t empty_caption_ = -1;
  int32_t nan_caption_ = -1;
  std::vector<shard_format::ImageRow> images_;
  TokenTable tokens_;
  std::vector<int32_t> caption_;
  std::vector<uint8_t> mask_;
  std::vector<int32_t> label_;
  std::vector<int32_t> ontology_;
  std::vector<char> source_;
  std::vector<uint64_t> source_bounds_;
};

}  // namespace dermatome
