#include "src/run/named_run.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "src/core/error.h"
#include "src/core/joined.h"
#include "src/core/nearest_key.h"
#include "src/core/text.h"
#include "src/run/checkpoint.h"
#include "src/run/run_directory.h"

namespace dermatome {
namespace {

namespace fs = std::filesystem;

// Whether `directory` is a run's or a checkpoint's.
bool holds_checkpoints(const fs::path& directory) {
  return is_checkpoint(directory) || fs::is_directory(RunDirectory(directory).checkpoints());
}

// runs/first for runs/first/.
fs::path without_slash(const fs::path& path) {
  return path.has_filename() ? path : path.parent_path();
}

std::vector<std::string> runs_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code unreadable;
  for (const auto& entry : fs::directory_iterator(folder, unreadable)) {
    const RunDirectory run(entry.path());
    if (fs::exists(run.config(), unreadable) || fs::is_directory(run.checkpoints(), unreadable)) {
      names.push_back(entry.path().filename().string());
    }
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace

NamedRun read_run_name(const std::string& given, const fs::path& output) {
  NamedRun named{given, std::nullopt, {}};
  const size_t colon = given.rfind(':');
  if (colon != std::string::npos && !fs::exists(given)) {
    const char* end = given.data() + given.size();
    int64_t step = 0;
    const auto [rest, error] = std::from_chars(given.data() + colon + 1, end, step);
    if (error == std::errc() && rest == end) {
      named.directory = given.substr(0, colon);
      named.step = step;
    }
  }
  const fs::path of_output = output / named.directory;
  if (!holds_checkpoints(named.directory) && holds_checkpoints(of_output)) {
    named.directory = of_output;
  }
  named.beside = without_slash(named.directory).parent_path();
  if (named.beside.empty()) named.beside = output;
  return named;
}

int64_t find_step(const NamedRun& named, const std::string& where) {
  if (is_checkpoint(named.directory)) {
    const int64_t step = verify_checkpoint(named.directory).step;
    if (!named.step || step == *named.step) return step;
    throw DataError(text(where, ": ", named.directory, " is the checkpoint of step ", step));
  }
  if (!fs::exists(named.directory)) throw DataError(text(where, ": ", no_such_run(named)));
  const fs::path checkpoints = RunDirectory(named.directory).checkpoints();
  std::vector<int64_t> steps = checkpoint_steps(checkpoints);
  std::ranges::sort(steps);
  if (steps.empty()) {
    throw DataError(text(where, ": ", checkpoints,
                         " holds no checkpoint; name a run's directory, RUN:STEP or a checkpoint"));
  }
  if (!named.step) return find_newest_checkpoint(checkpoints)->step;
  if (std::ranges::find(steps, *named.step) == steps.end()) {
    throw DataError(text(where, ": ", checkpoints, " holds no checkpoint of step ", *named.step,
                         ", but of ", joined(steps)));
  }
  return verify_checkpoint(checkpoint_path(checkpoints, *named.step)).step;
}

fs::path checkpoint_of(const NamedRun& named, int64_t step) {
  if (is_checkpoint(named.directory)) return named.directory;
  return checkpoint_path(RunDirectory(named.directory).checkpoints(), step);
}

std::string no_such_run(const NamedRun& named) {
  const std::string start = "there is no such run; ";
  std::vector<std::string> names = runs_in(named.beside);
  if (names.empty()) return text(start, "the folder ", named.beside, " has no runs");
  const std::string nearest = near_word(without_slash(named.directory).filename().string(), names);
  if (!nearest.empty()) return text(start, "the nearest one in ", named.beside, " is ", nearest);
  constexpr size_t kMostNames = 20;
  const char* more = names.size() > kMostNames ? ", ..." : "";
  names.resize(std::min(names.size(), kMostNames));
  return text(start, "those in ", named.beside, " are ", joined(names), more);
}

}  // namespace dermatome
