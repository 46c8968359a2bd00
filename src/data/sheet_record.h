// A sample of a data set as a contact sheet shows it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sharding/shard_reader.h"
#include "src/config/augmentation_options.h"
#include "src/image/image.h"

namespace dermatome {

struct SheetCaption {
  std::string aspect;
  std::string text;
  bool exists = false;  // in the table
  bool valid = false;   // not masked
};

struct SheetView {
  Image picture;
  std::string note;  // what was done to it
};

struct SheetRecord {
  std::string source;              // the picture's name in the table
  std::vector<std::string> facts;  // shard and row, label, ontology node
  Image stored;
  std::vector<SheetView> views;  // as training sees the picture
  std::vector<SheetCaption> captions;
};

// What a run augments pictures by.
struct ViewOptions {
  AugmentationOptions augmentation;
  int image_size = 224;  // of the views, in pixels
  uint64_t seed = 0;
};

// Row `row` of `shard` with the views that it would have as the samples first_draw,
// first_draw + 1, … (num_views of them) of the first epoch. Throws as ShardReader::decode().
SheetRecord make_sheet_record(const ShardReader& shard, int64_t row, const ViewOptions& options,
                              int64_t first_draw, int64_t num_views);

}  // namespace dermatome
