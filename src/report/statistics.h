// What a data set holds, in numbers: captions of each aspect, classes, sizes of images.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "sharding/shard_reader.h"

namespace dermatome {

// Counts shard after shard. Reads what lies in memory of an open shard, and no image.
class DataStatistics {
 public:
  // Adds the samples of `shard`, whose aspects are those of the shards before. Throws DataError if
  // the text of a caption cannot be read.
  void add(const ShardReader& shard);

  // For each aspect: samples with a valid caption, distinct captions among these, tokens (start and
  // end of text included), captions cut to the context's length. Then the raw caption that most
  // samples share, the classes by size, the sizes of the images, how many were transparent before
  // they were stored, and how many are in several samples.
  void write(std::ostream& out) const;

 private:
  struct Aspect {
    std::string name;
    std::vector<uint16_t> lengths;  // tokens of each valid caption
    // How many samples have a caption, by a hash of its tokens.
    std::unordered_map<uint64_t, int64_t> samples;
  };
  // A raw caption, and how many samples share it so far.
  struct Shared {
    uint64_t hash = 0;
    int64_t samples = 0;
    std::string text;
  };
  void write_captions(std::ostream& out) const;
  void write_classes(std::ostream& out) const;
  void write_sizes(std::ostream& out) const;
  void write_repeated(std::ostream& out) const;

  std::vector<Aspect> aspects_;
  Shared most_shared_;
  std::map<std::string, int64_t> classes_;         // samples of each label
  std::vector<int> widths_, heights_;              // of every image, in pixels
  std::unordered_map<uint64_t, int64_t> sources_;  // samples of each image, by a hash of its name
  int64_t transparent_ = 0;                        // images that were, before they were stored
  bool transparent_known_ = true;                  // whether every shard counted them
};

}  // namespace dermatome
