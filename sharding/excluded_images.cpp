#include "sharding/excluded_images.h"

#include <map>
#include <string>

#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/hash.h"
#include "src/core/text.h"
#include "src/text/csv_reader.h"

namespace dermatome {

int64_t leave_out(SampleTable& table, const std::filesystem::path& list) {
  const std::string content = read_file(list);
  CsvReader reader(content, list.string());
  const size_t column = reader.column("filename");
  std::map<std::string, bool> names;  // and whether the table has them
  for (CsvRow row; reader.next(row);) {
    if (!row.fields[column].empty()) names.try_emplace(row.fields[column], false);
  }
  std::string identity = table.content_hash;
  const auto left_out = std::erase_if(table.samples, [&](const CaptionedSample& sample) {
    const auto name = names.find(sample.image_path);
    if (name == names.end()) return false;
    name->second = true;
    return true;
  });
  size_t unknown = 0;
  std::string first_unknown;
  for (const auto& [name, is_known] : names) {
    if (is_known) {
      identity += text("\n", name);
    } else if (unknown++ == 0) {
      first_unknown = name;
    }
  }
  if (unknown > 0 && unknown == names.size()) {
    throw DataError(text(list, " excludes ", unknown,
                         " image(s), but none of them is in the data: ", "the first is ",
                         first_unknown, ". Write the names as the table or folder has them"));
  }
  if (unknown > 0) {
    table.warnings.push_back(
        text(list, " excludes ", unknown,
             " image(s) that are not in the data, the first: ", first_unknown));
  }
  if (left_out > 0 && table.samples.empty()) {
    throw DataError(
        text(list, " excludes all ", left_out, " images of the data; give a shorter list"));
  }
  if (left_out > 0) table.content_hash = sha256_hex(identity);
  return static_cast<int64_t>(left_out);
}

}  // namespace dermatome
