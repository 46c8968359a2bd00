#include "src/train/resume.h"

#include "src/config/train_config.h"
#include "src/core/error.h"
#include "src/train/run_checks.h"

namespace dermatome {

std::filesystem::path run_directory(const TrainOptions& options) {
  return std::filesystem::path(options.output) / options.name;
}

std::filesystem::path checkpoints_directory(const TrainOptions& options) {
  return run_directory(options) / "checkpoints";
}

std::optional<TrainingState> find_own_checkpoint(const TrainOptions& options,
                                                 const std::string& dataset_digest) {
  const std::filesystem::path checkpoints = checkpoints_directory(options);
  const auto state = find_newest_checkpoint(checkpoints);
  if (!state) return std::nullopt;
  const std::string where = "checkpoint " + checkpoint_path(checkpoints, state->step).string();
  if (!options.resume) {
    throw ConfigError(where + " exists and resume is false; choose another name or remove the run");
  }
  if (state->config_digest != config_digest(options)) {
    throw ConfigError(where + " belongs to other settings than this configuration (compare " +
                      (run_directory(options) / "config.yaml").string() + "); choose another name");
  }
  if (state->dataset_digest != dataset_digest) {
    throw ConfigError(where + " was trained on another data set than " +
                      training_data_name(options.data));
  }
  return state;
}

}  // namespace dermatome
