#include "src/weights/architectures.h"

#include <algorithm>

#include "src/core/error.h"
#include "src/core/joined.h"
#include "src/core/nearest_key.h"
#include "src/core/quoted.h"
#include "src/core/text.h"
#include "src/weights/description.h"

namespace dermatome {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSuffix = ".json";

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == kSuffix) names.push_back(entry.path().stem().string());
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace

fs::path architectures_folder(const fs::path& program) {
  std::error_code error;
  fs::path folder = fs::canonical(program, error);
  while (!error && folder.has_relative_path()) {
    folder = folder.parent_path();
    const fs::path found = folder / "configs" / "models";
    if (fs::is_directory(found, error)) return found;
    error.clear();
  }
  return {};
}

fs::path find_architecture(const std::string& given, const fs::path& program) {
  const bool is_path = given.find('/') != std::string::npos || given.ends_with(kSuffix);
  if (is_path || fs::is_regular_file(given)) return given;
  const fs::path folder = architectures_folder(program);
  if (folder.empty()) {
    throw ConfigError(text("architecture ", quoted(given),
                           ": no folder configs/models lies beside ",
                           "the binary or above it; copy it there, or name a file (JSON)"));
  }
  const std::vector<std::string> names = names_in(folder);
  if (std::ranges::find(names, given) != names.end()) return folder / text(given, kSuffix);
  const std::string nearest = near_word(given, names);
  throw ConfigError(text("architecture ", quoted(given), " is neither a file nor a known name; ",
                         nearest.empty() ? "" : text("the nearest one is ", nearest, "; "),
                         "the names in ", folder, " are ", joined(names)));
}

ClipConfig read_architecture(const std::string& given) {
  return read_description(find_architecture(given));
}

}  // namespace dermatome
