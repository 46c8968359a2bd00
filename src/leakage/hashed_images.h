// The images of a data set or of a table, by name, with their perceptual hashes.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sharding/dataset.h"
#include "sharding/sample_table.h"
#include "src/image/image.h"
#include "src/leakage/image_hash.h"

namespace dermatome {

struct HashedImages {
  std::vector<std::string> names;  // as the table has them
  std::vector<ImageHash> hashes;
  std::vector<std::string> unreadable;  // "FILE: reason" of images that are in neither list
  // Decodes the image at a place of `names` again. Throws DataError.
  std::function<Image(size_t place)> read;
};

// Hashes the images of a data set of shards. Throws DataError for a damaged one.
HashedImages hash_dataset(const std::shared_ptr<const ShardedDataset>& dataset, int num_threads);

// Hashes a table's image files below `image_root` (BuildOptions), turned upright as shards store
// them. Throws StorageLost if their storage fails.
HashedImages hash_files(const SampleTable& table, const std::filesystem::path& image_root,
                        int num_threads);

}  // namespace dermatome
