#include "sharding/captioned_folder.h"

#include <optional>
#include <string>
#include <utility>

#include "sharding/caption_files.h"
#include "sharding/caption_template.h"
#include "sharding/folder_metadata.h"
#include "sharding/image_folder.h"
#include "sharding/memory_table.h"
#include "src/core/error.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

// Folders whose names are classes know no columns.
void check_class_options(const std::filesystem::path& folder, const TableOptions& options) {
  const std::string option = !options.image_column.empty()     ? "--image-column"
                             : !options.caption_column.empty() ? "--caption-column"
                             : !options.label_column.empty()   ? "--label-column"
                             : options.kind.value_or(TableKind::kLabels) != TableKind::kLabels
                                 ? "--table"
                                 : "";
  if (option.empty()) return;
  throw ConfigError(text(option, " is of no use for ", folder,
                         ", which has only images in folders: no metadata.csv or metadata.jsonl "
                         "with a column file_name, and no .txt or .json files beside the images; "
                         "leave the option out, or name a table by --csv"));
}

SampleTable read_class_folder(const std::filesystem::path& folder, const FolderFiles& files,
                              const TableOptions& options) {
  check_class_options(folder, options);
  SampleTable plain = read_image_folder(files, options.num_subcaptions);
  if (options.templates.empty()) return plain;
  if (plain.label_names.empty() && need_label(options.templates)) {
    throw DataError(
        text("--template '", options.templates.front(), "': no image of ", folder,
             " has a label, because all lie directly in it and in no folder of a class; "
             "move them to ",
             folder / "CLASS/IMAGE", ", or name a table with labels by --csv"));
  }
  MemoryTable rows(folder.string(), {"filename", "label"});
  for (const CaptionedSample& sample : plain.samples) {
    rows.add_row((folder / sample.image_path).string(),
                 {sample.image_path, sample.label < 0 ? "" : plain.label_names[sample.label]});
  }
  TableOptions with_labels = options;
  with_labels.kind = TableKind::kLabels;
  SampleTable table = read_samples(rows, with_labels);
  table.kind = plain.kind;
  table.content_hash = table_hash(plain.content_hash, options);
  table.warnings.insert(table.warnings.end(), plain.warnings.begin(), plain.warnings.end());
  return table;
}

}  // namespace

SampleTable read_captioned_folder(const std::filesystem::path& folder, const TableOptions& options,
                                  int num_threads) {
  const FolderFiles files = list_folder(folder);
  if (auto table = read_folder_metadata(folder, files, options)) return std::move(*table);
  if (auto table = read_caption_files(folder, files, options, num_threads)) {
    return std::move(*table);
  }
  return read_class_folder(folder, files, options);
}

}  // namespace dermatome
