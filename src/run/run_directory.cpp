#include "src/run/run_directory.h"

#include <charconv>
#include <string_view>

#include "src/config/train_options.h"
#include "src/core/log.h"

namespace dermatome {
namespace {

constexpr std::string_view kPrefix = "step_";

}  // namespace

RunDirectory::RunDirectory(const TrainOptions& options)
    : path_(std::filesystem::path(options.output) / options.name) {}

std::filesystem::path checkpoint_path(const std::filesystem::path& checkpoints, int64_t step) {
  return checkpoints / (std::string(kPrefix) + format("%08lld", static_cast<long long>(step)));
}

std::filesystem::path checkpoint_config(const std::filesystem::path& checkpoint) {
  return checkpoint / "config.yaml";
}

int64_t checkpoint_step(const std::string& name) {
  int64_t step = -1;
  if (name.starts_with(kPrefix)) {
    std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), step);
  }
  return name == checkpoint_path({}, step).string() ? step : -1;
}

std::filesystem::path latest_pointer(const std::filesystem::path& checkpoints) {
  return checkpoints / "latest";
}

std::filesystem::path best_pointer(const std::filesystem::path& checkpoints) {
  return checkpoints.parent_path() / "best";
}

}  // namespace dermatome
