// Copies data sets to a local folder of the machine, because shared storage is slow or busy.
#pragma once

#include <filesystem>
#include <stop_token>
#include <vector>

#include "sharding/manifest.h"

namespace dermatome {

// Where in `folder` the copy of the data set lies: a directory named by its digest.
std::filesystem::path staged_directory(const std::filesystem::path& folder,
                                       const Manifest& manifest);

// Makes whole copies of the data sets in `sources`, with `num_threads` threads. Shards that are
// there with the manifest's size and checksum stay; others are copied, checked on the way, under a
// temporary name first. Another process that does the same in `folder` is waited for. Throws
// DataError for what cannot be read or written, a shard that fails its checksum, or a stop that was
// requested; ConfigError when the folder has too little space.
void stage_datasets(const std::vector<std::filesystem::path>& sources,
                    const std::filesystem::path& folder, int num_threads,
                    const std::stop_token& stop = {});

}  // namespace dermatome
