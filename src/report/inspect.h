// `dermatome inspect`: describes a shard, a data set or one record of it to a person.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

namespace dermatome {

struct InspectOptions {
  std::string data = {};     // a shard (.h5), or a data set's directory
  int64_t row = -1;          // the record to show, counted from 0 in `data`; -1: the whole data
  std::string image = {};    // PNG file to write the record's image to; empty: none
  std::string sheet = {};    // HTML file (src/report/sheet.h) to write; empty: none
  std::string config = {};   // configuration whose augmentation the sheet shows; empty: MAKE's
  int64_t num_views = 8;     // views on the sheet of one record
  int64_t num_records = 24;  // records on the sheet of the whole data
};

// Writes the description to `out`, and the files that the options name. For a record with a
// damaged image, everything else is written before the DataError is thrown. Throws ConfigError for
// a row that is not there and for a sheet that is not called *.html.
void inspect(const InspectOptions& options, std::ostream& out);

}  // namespace dermatome
