// A folder of images as samples without captions, as torchvision's ImageFolder and open_clip's
// users lay them out: FOLDER/CLASS/…/IMAGE; images directly in FOLDER have no class.
#pragma once

#include <cstdint>
#include <filesystem>

#include "sharding/sample_table.h"

namespace dermatome {

// A file is an image by the end of its name, in upper or lower case. Formats that are not read
// count too: a build rejects such images, and lists them. Other files are counted in a warning;
// hidden files and folders are passed over. Sorted by path (bytes), so that equal folders give
// equal tables; image_path is relative to `folder`. Throws DataError when the folder cannot be read
// or has no images, or a name is not UTF-8.
SampleTable read_image_folder(const std::filesystem::path& folder, int64_t num_subcaptions);

}  // namespace dermatome
