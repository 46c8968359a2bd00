// What `dermatome shard` is told of a table or folder.
#pragma once

#include <CLI/CLI.hpp>

#include "sharding/build_source.h"

namespace dermatome {

// --csv or --folder, and the options that say how to read them. `source` must outlive the callback.
void add_table_options(CLI::App& command, SampleSource& source);

}  // namespace dermatome
