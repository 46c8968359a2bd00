#include "src/eval/leakage.h"

#include <map>
#include <system_error>

#include "src/core/file.h"
#include "src/core/log.h"
#include "src/core/text.h"
#include "src/text/csv_reader.h"

namespace dermatome {
namespace {

void warn_of_missing(const std::filesystem::path& path, const std::map<std::string, bool>& sets,
                     const std::filesystem::path& benchmark) {
  std::string names;
  for (const auto& entry : sets) {
    if (!names.empty()) names += ", ";
    names += std::filesystem::absolute(entry.first).string();
  }
  log_warning(text(path, " compares with ", names.empty() ? "nothing" : names, ", but not with ",
                   benchmark,
                   ", so it is not checked whether training has seen its images; name it after "
                   "--against of `dermatome duplicates`"));
}

}  // namespace

std::optional<Leakage> read_leakage(const std::filesystem::path& path,
                                    const std::filesystem::path& benchmark) {
  const std::string content = read_file(path);
  CsvReader reader(content, path.string());
  const size_t mine = reader.column("filename");
  const size_t set = reader.column("other_set");
  const size_t theirs = reader.column("other_filename");
  std::map<std::string, bool> is_this;  // by the set's name
  Leakage leakage{path.string(), {}};
  bool compared = false;
  for (CsvRow row; reader.next(row);) {
    const auto [known, added] = is_this.try_emplace(row.fields[set], false);
    if (added) {
      std::error_code missing;  // a file that is not there is another benchmark's
      known->second = std::filesystem::equivalent(row.fields[set], benchmark, missing);
    }
    if (!known->second) continue;
    compared = true;
    // A row without images only says that the set was compared.
    if (!row.fields[mine].empty()) leakage.names.insert(row.fields[theirs]);
  }
  if (!compared) {
    warn_of_missing(path, is_this, benchmark);
    return std::nullopt;
  }
  return leakage;
}

}  // namespace dermatome
