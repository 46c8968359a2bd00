#include "src/core/json_lines.h"

#include <nlohmann/json.hpp>

#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/text.h"

namespace dermatome {

uint64_t read_json_lines(const std::filesystem::path& path, const TakeLine& take) {
  if (!std::filesystem::exists(path)) return 0;
  const std::string content = read_file(path);
  size_t begin = 0;
  int64_t number = 0;
  for (size_t end; (end = content.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string where = text(path, ":", ++number);
    const auto object = nlohmann::ordered_json::parse(
        content.begin() + static_cast<std::ptrdiff_t>(begin),
        content.begin() + static_cast<std::ptrdiff_t>(end), nullptr, /*allow_exceptions=*/false);
    if (!object.is_object()) throw DataError(where + ": this line is no JSON object; remove it");
    take(object, where);
  }
  return begin;
}

}  // namespace dermatome
