// Records of a data set that a report shows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sharding/dataset.h"
#include "src/image/image.h"

namespace dermatome {

struct ExampleCaption {
  std::string aspect;  // the caption's name in the shards
  std::string text;
  int64_t place = 0;  // among the record's captions (src/core/caption_rows.h)
};

struct Example {
  int64_t row = 0;  // in the data set
  std::string source;
  Image image;
  std::vector<ExampleCaption> captions;  // the valid ones

  bool has_raw_caption() const;
  // Places in `captions` of the subcaptions.
  std::vector<size_t> subcaptions() const;
};

// Rows to show, ascending. The data set is cut into `number` equal parts (fewer, if it has fewer
// records). Of the first 64 records of a part, one with a raw caption is taken: if possible one
// whose raw caption no part before has given, and of these the one with the most subcaptions.
std::vector<int64_t> choose_rows(const ShardedDataset& dataset, int64_t number);

// Reads the records. One whose image is damaged is left out and named in a warning. Throws
// DataError when a shard cannot be read.
std::vector<Example> read_examples(const ShardedDataset& dataset, const std::vector<int64_t>& rows);

}  // namespace dermatome
