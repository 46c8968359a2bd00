#include "src/run/origin.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

#include "src/config/train_options.h"
#include "src/core/error.h"
#include "src/core/joined.h"
#include "src/core/text.h"
#include "src/run/checkpoint.h"
#include "src/run/run_directory.h"

namespace dermatome {
namespace {

struct Origin {
  std::filesystem::path directory;  // of a run or a checkpoint
  std::optional<int64_t> step;
};

// Whether `directory` is a run's or a checkpoint's.
bool holds_checkpoints(const std::filesystem::path& directory) {
  return is_checkpoint(directory) ||
         std::filesystem::is_directory(RunDirectory(directory).checkpoints());
}

Origin read_origin(const TrainOptions& options) {
  Origin origin{options.from, std::nullopt};
  const size_t colon = options.from.rfind(':');
  if (colon != std::string::npos && !std::filesystem::exists(options.from)) {
    const char* end = options.from.data() + options.from.size();
    int64_t step = 0;
    const auto [rest, error] = std::from_chars(options.from.data() + colon + 1, end, step);
    if (error == std::errc() && rest == end) origin = {options.from.substr(0, colon), step};
  }
  const auto of_same_output = std::filesystem::path(options.output) / origin.directory;
  if (!holds_checkpoints(origin.directory) && holds_checkpoints(of_same_output)) {
    origin.directory = of_same_output;
  }
  return origin;
}

std::filesystem::path checkpoints_of(const Origin& origin) {
  return RunDirectory(origin.directory).checkpoints();
}

}  // namespace

int64_t find_origin(const TrainOptions& options) {
  const Origin origin = read_origin(options);
  if (is_checkpoint(origin.directory)) return verify_checkpoint(origin.directory).step;
  const std::filesystem::path checkpoints = checkpoints_of(origin);
  std::vector<int64_t> steps = checkpoint_steps(checkpoints);
  std::ranges::sort(steps);
  if (steps.empty()) {
    throw DataError(text("from = ", options.from, ": ", checkpoints,
                         " holds no checkpoint; name a run's directory, RUN:STEP or a checkpoint"));
  }
  if (!origin.step) return find_newest_checkpoint(checkpoints)->step;
  if (std::ranges::find(steps, *origin.step) == steps.end()) {
    throw DataError(text("from = ", options.from, ": ", checkpoints,
                         " holds no checkpoint of step ", *origin.step, ", but of ",
                         joined(steps)));
  }
  return verify_checkpoint(checkpoint_path(checkpoints, *origin.step)).step;
}

std::filesystem::path origin_path(const TrainOptions& options, int64_t step) {
  const Origin origin = read_origin(options);
  if (is_checkpoint(origin.directory)) return origin.directory;
  return checkpoint_path(checkpoints_of(origin), step);
}

}  // namespace dermatome
