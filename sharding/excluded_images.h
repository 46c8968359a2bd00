// `dermatome shard --exclude FILE`: images that are left out of a data set on purpose.
#pragma once

#include <cstdint>
#include <filesystem>

#include "sharding/sample_table.h"

namespace dermatome {

// Leaves the rows out of `table` whose image the CSV file `list` names in its column `filename`;
// what `dermatome duplicates --output` writes is such a file. Cells without a name are passed over.
// The table's content hash then covers what was left out, and a warning counts names that the table
// does not have. Returns how many rows are left out. Throws DataError naming the file, also if it
// names images and the table has none of them, or no others.
int64_t leave_out(SampleTable& table, const std::filesystem::path& list);

}  // namespace dermatome
