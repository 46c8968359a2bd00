#include "src/weights/hugging_face_cache.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "src/core/environment_variable.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/quoted.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "hf-hub:";
constexpr std::string_view kEntryPrefix = "models--";
constexpr std::string_view kSeparator = "--";

fs::path variable(const char* name) { return environment_variable(name); }

fs::path cache_folder() {
  for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"}) {
    if (!variable(name).empty()) return variable(name);
  }
  if (!variable("HF_HOME").empty()) return variable("HF_HOME") / "hub";
  fs::path caches = variable("XDG_CACHE_HOME");
  if (caches.empty()) caches = variable("HOME") / ".cache";
  return caches / "huggingface" / "hub";
}

}  // namespace

bool names_hub_model(const std::string& given) { return given.starts_with(kPrefix); }

fs::path find_cached_model(const std::string& given) {
  const std::string name_and_revision = given.substr(kPrefix.size());
  const size_t at = name_and_revision.find('@');
  const std::string name = name_and_revision.substr(0, at);
  const std::string revision = at == std::string::npos ? "main" : name_and_revision.substr(at + 1);
  const size_t slash = name.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == name.size() ||
      std::ranges::count(name, '/') != 1 || revision.empty()) {
    throw ConfigError(text(quoted(given), " is not of the form hf-hub:ORGANIZATION/NAME"));
  }
  const fs::path cache = cache_folder();
  const std::string entry =
      text(kEntryPrefix, name.substr(0, slash), kSeparator, name.substr(slash + 1));
  if (const auto found = snapshot_of(cache / entry, revision)) return *found;
  const std::string arguments =
      text("download ", name, revision == "main" ? "" : text(" --revision ", revision));
  throw DataError(
      text(given, " is not in Hugging Face's cache, ", cache,
           ". Dermatome downloads nothing itself. With a network connection run: hf ", arguments,
           " (with older versions: huggingface-cli ", arguments,
           "), or download it to a folder with --local-dir FOLDER and name the folder"));
}

std::optional<fs::path> cached_model(const std::string& name) {
  std::string entry = "models--";
  for (const char c : name) entry += c == '/' ? "--" : std::string(1, c);
  return snapshot_of(cache_folder() / entry);
}

std::string hub_model_name(const std::string& given) {
  if (names_hub_model(given)) {
    const std::string name = given.substr(kPrefix.size());
    return name.substr(0, name.find('@'));
  }
  for (const fs::path& part : fs::path(given)) {
    const std::string entry = part.string();
    const size_t end = entry.find(kSeparator, kEntryPrefix.size());
    if (!entry.starts_with(kEntryPrefix) || end == std::string::npos) continue;
    return text(entry.substr(kEntryPrefix.size(), end - kEntryPrefix.size()), '/',
                entry.substr(end + kSeparator.size()));
  }
  return "";
}

std::optional<fs::path> snapshot_of(const fs::path& entry, const std::string& revision) {
  const fs::path snapshots = entry / "snapshots";
  if (!fs::is_directory(snapshots)) return std::nullopt;
  if (const fs::path ref = entry / "refs" / revision; fs::is_regular_file(ref)) {
    std::string commit = read_file(ref);
    commit.erase(commit.find_last_not_of(" \n\r") + 1);
    if (!commit.empty() && fs::is_directory(snapshots / commit)) return snapshots / commit;
  }
  if (fs::is_directory(snapshots / revision)) return snapshots / revision;
  std::vector<fs::path> all;
  for (const auto& each : fs::directory_iterator(snapshots)) all.push_back(each.path());
  if (revision == "main" && all.size() == 1) return all.front();
  return std::nullopt;
}

}  // namespace dermatome
