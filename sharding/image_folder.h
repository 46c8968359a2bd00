// A folder of images as samples without captions, as torchvision's ImageFolder and open_clip's
// users lay them out: FOLDER/CLASS/…/IMAGE; images directly in FOLDER have no class.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "sharding/sample_table.h"

namespace dermatome {

struct FolderFiles {
  std::vector<std::string> images;  // relative to the folder, sorted by bytes
  std::vector<std::string> others;  // the same
};

// A file is an image by the end of its name, in upper or lower case. Formats that are not read
// count too: a build rejects such images, and lists them. Hidden files and folders are passed over.
// Throws DataError when the folder cannot be read or has no images, or an image's name is not
// UTF-8.
FolderFiles list_folder(const std::filesystem::path& folder);

// A warning that counts `others`, if there are any.
void warn_of_others(const std::vector<std::string>& others, std::vector<std::string>& warnings);

// The images of a folder, without captions. Sorted by path (bytes), so that equal folders give
// equal tables; image_path is relative to `folder`. Other files are counted in a warning. Throws
// what list_folder() throws.
SampleTable read_image_folder(const std::filesystem::path& folder, int64_t num_subcaptions);
SampleTable read_image_folder(const FolderFiles& files, int64_t num_subcaptions);

// The class of an image of that relative path: its topmost folder; empty if it is in none.
std::string class_of(const std::string& image);

}  // namespace dermatome
