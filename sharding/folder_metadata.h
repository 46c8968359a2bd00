// Tables beside images, as Hugging Face's ImageFolder has them: metadata.csv or metadata.jsonl, in
// the folder or in folders below it. Its column file_name has the image's path relative to the
// table; the other columns are those of any table (table.h), a caption most often in `text`.
#pragma once

#include <filesystem>
#include <optional>

#include "sharding/image_folder.h"
#include "sharding/sample_table.h"
#include "sharding/table.h"

namespace dermatome {

// All such tables of the folder, one behind the other; nullopt if none has the column file_name, or
// the one that options.image_column names. Images that no table names are counted in a warning.
// Folders are no classes here. Throws what read_table() throws; DataError also for two tables in
// one folder.
std::optional<SampleTable> read_folder_metadata(const std::filesystem::path& folder,
                                                const FolderFiles& files,
                                                const TableOptions& options);

}  // namespace dermatome
