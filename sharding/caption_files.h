// Files beside images, as img2dataset writes them: 00000/000000012.jpg has its caption in
// 000000012.txt, and further values as one JSON object in 000000012.json.
#pragma once

#include <filesystem>
#include <optional>

#include "sharding/image_folder.h"
#include "sharding/sample_table.h"
#include "sharding/table.h"

namespace dermatome {

// The images of a folder, with the captions beside them: the text of the .txt file or else, and
// always if options.caption_column names a key, a value of the .json file, by default `caption`.
// The label is the value that options.label_column names, or the value `label` if a template names
// {label}, or else the topmost folder's name unless that is a number, as img2dataset names folders.
// Templates may name keys too. nullopt if no image has such a file. Throws DataError for what
// cannot be read or is not UTF-8, for a key that options name and that no file has, and if captions
// can only come from labels and there are none.
std::optional<SampleTable> read_caption_files(const std::filesystem::path& folder,
                                              const FolderFiles& files, const TableOptions& options,
                                              int num_threads);

}  // namespace dermatome
