// `dermatome inspect`: a shard, a data set or one record of it, as a person wants to see it.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

namespace dermatome {

struct InspectOptions {
  std::string data = {};     // a shard (.h5), or a data set's directory
  int64_t row = -1;          // the record to show, counted from 0 in `data`; -1: all of it
  std::string image = {};    // PNG file to write the record's image to; empty: none
  std::string sheet = {};    // HTML file (src/report/sheet.h) to write; empty: none
  std::string config = {};   // configuration whose augmentation the sheet shows; empty: MAKE's
  int64_t num_views = 8;     // of the record on the sheet
  int64_t num_records = 24;  // on a sheet without a row
};

// Writes the description to `out`, and the files that the options name. What a damaged record says
// besides its image is written before the DataError is thrown. Throws ConfigError for a row that
// is not there and for a sheet that is not called *.html.
void inspect(const InspectOptions& options, std::ostream& out);

}  // namespace dermatome
