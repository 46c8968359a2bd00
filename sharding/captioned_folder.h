// A folder of images as samples, with the captions that lie in it. The first of these that is there
// is read: tables beside the images (folder_metadata.h), files of captions beside the images
// (caption_files.h), folders as classes (image_folder.h).
#pragma once

#include <filesystem>

#include "sharding/sample_table.h"
#include "sharding/table.h"

namespace dermatome {

// Reads with `num_threads` threads (parallel.h). image_path is relative to `folder`. Throws
// DataError for what cannot be read; ConfigError for options that contradict each other, or that
// name columns where only the folders' names are known.
SampleTable read_captioned_folder(const std::filesystem::path& folder, const TableOptions& options,
                                  int num_threads);

}  // namespace dermatome
