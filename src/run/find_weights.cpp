#include "src/run/find_weights.h"

#include <cctype>
#include <charconv>
#include <cstdint>
#include <optional>

#include "src/core/error.h"
#include "src/core/log.h"
#include "src/core/text.h"
#include "src/run/checkpoint.h"
#include "src/run/named_run.h"
#include "src/run/run_directory.h"
#include "src/weights/hugging_face_cache.h"

namespace dermatome {
namespace {

namespace fs = std::filesystem;

// The N of a file name epoch_N.pt; -1: it is no such name.
int64_t epoch_of(const std::string& name) {
  int64_t epoch = -1;
  const std::string prefix = "epoch_";
  if (name.starts_with(prefix)) {
    std::from_chars(name.data() + prefix.size(), name.data() + name.size(), epoch);
  }
  return epoch >= 0 && name == text(prefix, epoch, ".pt") ? epoch : -1;
}

std::optional<fs::path> newest_of_open_clip(const fs::path& checkpoints) {
  const fs::path latest = checkpoints / "epoch_latest.pt";
  if (fs::is_regular_file(latest)) return latest;
  std::optional<fs::path> newest;
  int64_t last = -1;
  for (const auto& entry : fs::directory_iterator(checkpoints)) {
    const int64_t epoch = epoch_of(entry.path().filename());
    if (epoch <= last) continue;
    last = epoch;
    newest = entry.path();
  }
  return newest;
}

// nullopt: `folder` is no folder of checkpoints, or is empty.
std::optional<fs::path> newest_in(const fs::path& folder) {
  if (!fs::is_directory(folder)) return std::nullopt;
  if (const auto state = find_newest_checkpoint(folder)) {
    return checkpoint_path(folder, state->step);
  }
  return newest_of_open_clip(folder);
}

// "weights.pt", but not "vit-0.5".
bool is_file_name(const fs::path& path) {
  const std::string extension = path.extension().string();
  return extension.size() > 1 && std::isalpha(static_cast<unsigned char>(extension[1])) != 0;
}

fs::path look_up(const std::string& given, const fs::path& output) {
  if (names_hub_model(given)) return find_cached_model(given);
  const NamedRun named =
      fs::exists(given) ? NamedRun{given, std::nullopt, {}} : read_run_name(given, output);
  if (named.step) return checkpoint_of(named, find_step(named, given));
  const fs::path of_run = RunDirectory(named.directory).checkpoints();
  for (const fs::path& folder : {of_run, named.directory}) {
    if (const auto found = newest_in(folder)) return *found;
  }
  if (fs::is_directory(of_run)) throw DataError(text(of_run, " holds no checkpoint yet"));
  if (const auto found = snapshot_of(named.directory)) return *found;
  if (!fs::exists(named.directory) && !is_file_name(given)) {
    throw DataError(text(given, ": no such file or directory, and ", no_such_run(named)));
  }
  return named.directory;
}

}  // namespace

fs::path find_weights(const std::string& given, const fs::path& output) {
  const fs::path found = look_up(given, output);
  if (found != given) log_info(text(given, " stands for ", found));
  return found;
}

}  // namespace dermatome
