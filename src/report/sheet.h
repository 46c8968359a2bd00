// The data of `dermatome inspect --sheet`: records of a data set as src/report/page/sheet.js shows
// them.
//
//   {"title", "subtitle", "records": [{
//     "source": the image's name in the table, "facts": [shard and row, label, ontology node],
//     "stored": {"uri", "width", "height"}, only on the sheet of one record,
//     "views": [{"uri", "note"}], as training sees the image,
//     "captions": [{"aspect", "text": null where there is none, "valid": not masked}]}]}
//
// Equal records give equal sheets.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "sharding/dataset.h"
#include "src/config/augmentation_options.h"

namespace dermatome {

// Throws ConfigError for the name of a sheet that is not called *.html; empty means no sheet.
void check_sheet_name(const std::string& sheet);

// How a run augments images.
struct ViewOptions {
  AugmentationOptions augmentation;
  int image_size = 224;  // of the views, in pixels
  uint64_t seed = 0;
};

// A record with its stored image, every caption, and the views that it would have as the samples
// 0, 1, … (num_views of them) of the first epoch. Throws what ShardReader::decode() throws.
nlohmann::json record_sheet(const SamplePlace& place, const ViewOptions& options,
                            int64_t num_views);

// A record of an overview, with the one view that it would have as the sample `draw` of the first
// epoch. Throws what ShardReader::decode() throws.
nlohmann::json overview_record(const SamplePlace& place, const ViewOptions& options, int64_t draw);

}  // namespace dermatome
