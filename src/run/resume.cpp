#include "src/run/resume.h"

#include "src/config/train_config.h"
#include "src/config/train_options.h"
#include "src/config/training_sources.h"
#include "src/core/error.h"
#include "src/core/text.h"

namespace dermatome {

std::optional<TrainingState> find_own_checkpoint(const TrainOptions& options,
                                                 const std::string& dataset_digest) {
  const RunDirectory run(options);
  const std::filesystem::path checkpoints = run.checkpoints();
  const auto state = find_newest_checkpoint(checkpoints);
  if (!state) return std::nullopt;
  const std::string where = "checkpoint " + checkpoint_path(checkpoints, state->step).string();
  if (!options.resume) {
    throw ConfigError(where + " exists and resume is false; choose another name or remove the run");
  }
  if (state->config_digest != config_digest(options)) {
    throw ConfigError(text(where, " belongs to other settings than this configuration (compare ",
                           run.config(), "); choose another name"));
  }
  if (state->dataset_digest != dataset_digest) {
    throw ConfigError(
        text(where, " was trained on another data set than ", training_data_name(options.data)));
  }
  return state;
}

}  // namespace dermatome
