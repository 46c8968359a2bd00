#include "src/core/json_lines.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/json_text.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

// The bytes of a file's whole lines.
uint64_t size_of_lines(const std::filesystem::path& path) {
  std::error_code missing;
  const uint64_t size = std::filesystem::file_size(path, missing);
  if (missing || size == 0) return 0;
  std::ifstream file(path, std::ios::binary);
  file.seekg(-1, std::ios::end);
  if (file.get() == '\n') return size;
  return read_file(path).rfind('\n') + 1;  // 0 where there is no line break
}

}  // namespace

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

void append_json_line(const std::filesystem::path& path, const nlohmann::ordered_json& object) {
  const uint64_t size = size_of_lines(path);
  if (std::filesystem::exists(path)) std::filesystem::resize_file(path, size);
  std::ofstream file(path, std::ios::app);
  file << json_line(object) << "\n";
  file.close();
  if (!file) {
    std::error_code error;  // the failure below matters more
    std::filesystem::resize_file(path, size, error);
    throw DataError(text("cannot write ", path, "; is the disk full?"));
  }
  sync_path(path);
}

}  // namespace dermatome
