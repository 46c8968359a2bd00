#include "sharding/folder_metadata.h"

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sharding/memory_table.h"
#include "sharding/stored_file.h"
#include "src/core/error.h"
#include "src/core/text.h"
#include "src/text/table_cell.h"

namespace dermatome {
namespace {

bool is_metadata(const std::filesystem::path& name) {
  return name.filename() == "metadata.csv" || name.filename() == "metadata.jsonl";
}

// Adds the rows of `from`, a table in `directory`, to `to`.
void append_rows(TableReader& from, const std::string& image_column,
                 const std::filesystem::path& directory, MemoryTable& to) {
  std::vector<size_t> places;
  for (const std::string& column : from.columns()) places.push_back(to.add_column(column));
  const size_t image = to.column(image_column);
  for (CsvRow row; from.next(row);) {
    std::vector<std::string> fields(to.columns().size());
    for (size_t i = 0; i < places.size(); ++i) fields[places[i]] = std::move(row.fields[i]);
    if (!trim(fields[image]).empty()) {
      fields[image] = (directory / fields[image]).lexically_normal().string();
    }
    to.add_row(from.where(row), std::move(fields));
  }
}

void warn_of_unnamed(const FolderFiles& files, SampleTable& table) {
  std::set<std::string_view> named;
  for (const CaptionedSample& sample : table.samples) named.insert(sample.image_path);
  std::vector<std::string> unnamed;
  for (const std::string& image : files.images) {
    if (!named.contains(image)) unnamed.push_back(image);
  }
  if (unnamed.empty()) return;
  table.warnings.push_back(
      text(unnamed.size(),
           " image(s) left out that the metadata does not name, the first: ", unnamed.front()));
}

}  // namespace

std::optional<SampleTable> read_folder_metadata(const std::filesystem::path& folder,
                                                const FolderFiles& files,
                                                const TableOptions& options) {
  TableOptions own = options;
  if (own.image_column.empty()) own.image_column = "file_name";
  MemoryTable rows(text("the metadata of ", folder), {own.image_column});
  std::set<std::filesystem::path> directories;
  std::string contents;  // names and texts of the tables
  std::vector<std::string> others;
  for (const std::string& name : files.others) {
    if (!is_metadata(name)) {
      others.push_back(name);
      continue;
    }
    const std::filesystem::path path = folder / name;
    const std::string content = read_stored_file(path);
    const auto table = open_table(path, content, options);
    if (!table->has_column(own.image_column)) {
      others.push_back(name);
      continue;
    }
    const std::filesystem::path directory = std::filesystem::path(name).parent_path();
    if (!directories.insert(directory).second) {
      throw DataError(text(folder / directory,
                           " has metadata.csv and metadata.jsonl, two tables of the same images; "
                           "remove one of them"));
    }
    append_rows(*table, own.image_column, directory, rows);
    contents += text(name, " ", content.size(), ":", content);
  }
  if (directories.empty()) return std::nullopt;
  SampleTable table = read_samples(rows, own);
  table.content_hash = table_hash(contents, options);
  warn_of_unnamed(files, table);
  warn_of_others(others, table.warnings);
  return table;
}

}  // namespace dermatome
