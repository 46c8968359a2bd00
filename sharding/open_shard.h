// Opens the shards that a manifest describes.
#pragma once

#include <memory>

#include "sharding/manifest.h"
#include "sharding/shard_reader.h"

namespace dermatome {

// Opens shard `entry` of `source`; Opening::kAgain: waits where it is gone. Throws DataError when
// it is not the one described: another size, number of samples, or build.
std::shared_ptr<ShardReader> open_shard(const DataSource& source, const ShardEntry& entry,
                                        Opening opening = Opening::kFirst);

}  // namespace dermatome
