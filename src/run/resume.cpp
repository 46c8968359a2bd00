#include "src/run/resume.h"

#include <algorithm>
#include <iterator>

#include "src/config/train_config.h"
#include "src/config/train_options.h"
#include "src/config/training_sources.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

// The settings of digest `digest`, which one of the files may hold.
std::optional<TrainOptions> settings_of(const std::string& digest,
                                        const std::vector<std::filesystem::path>& files) {
  for (const std::filesystem::path& file : files) {
    if (!std::filesystem::exists(file)) continue;
    try {
      TrainOptions options = load_train_config(file, {});
      if (config_digest(options) == digest) return options;
    } catch (const ConfigError&) {
      // It was written by a version with other keys.
    }
  }
  return std::nullopt;
}

// `options`, but where they set no warm-up, with that of the settings `before`. Versions that did
// not record their settings had one of 10,000 steps by default.
TrainOptions with_warmup_of(const std::optional<TrainOptions>& before, TrainOptions options,
                            int64_t total_steps) {
  const int64_t warmup = before ? before->schedule.warmup : kLongestDefaultWarmup;
  const bool is_kept = options.schedule.warmup_is_default && warmup >= 0 && warmup <= total_steps;
  if (is_kept) options.schedule.warmup = warmup;
  return options;
}

// Where the run cannot go on: how another one can start from it.
std::string the_way(const RunDirectory& run) {
  return text("; to start a new run from this one, set name=NEW from=", run.path(),
              " (with from_optimizer=false from its weights alone)");
}

}  // namespace

bool is_refused(const Difference& change) {
  const bool is_of_steps =
      change.key.starts_with("optimizer.") || change.key.starts_with("schedule.");
  return change.defines_result && !is_of_steps;
}

std::optional<OwnCheckpoint> find_own_checkpoint(const TrainOptions& options,
                                                 const std::string& dataset_digest,
                                                 int64_t total_steps) {
  const RunDirectory run(options);
  const auto state = find_newest_checkpoint(run.checkpoints());
  if (!state) return std::nullopt;
  const std::filesystem::path checkpoint = checkpoint_path(run.checkpoints(), state->step);
  const std::string where = text("checkpoint ", checkpoint);
  if (!options.resume) {
    throw ConfigError(where + " exists and resume is false; choose another name or remove the run");
  }
  const auto before =
      settings_of(state->config_digest, {checkpoint_config(checkpoint), run.config()});
  OwnCheckpoint own{*state, {}};
  const TrainOptions kept = with_warmup_of(before, options, total_steps);
  if (before) {
    own.changes = config_differences(*before, kept);
    own.warmup = kept.schedule.warmup;
  } else if (state->config_digest == config_digest(kept)) {
    own.warmup = kept.schedule.warmup;
  } else if (state->config_digest != config_digest(options)) {
    throw ConfigError(text(where, " belongs to other settings than this configuration (compare ",
                           run.config(), ")", the_way(run)));
  }
  std::vector<Difference> refused;
  std::ranges::copy_if(own.changes, std::back_inserter(refused), is_refused);
  if (!refused.empty()) {
    throw ConfigError(text(where, " belongs to other settings: ", differences_text(refused),
                           ". A run keeps its model and its batches: take these changes back",
                           the_way(run)));
  }
  if (state->dataset_digest != dataset_digest) {
    throw ConfigError(text(where, " was trained on another data set than ",
                           training_data_name(options.data), ", or with another tokenizer",
                           the_way(run)));
  }
  return own;
}

void keep_settings(const RunDirectory& run, const std::filesystem::path& checkpoint) {
  const std::filesystem::path kept = checkpoint_config(checkpoint);
  if (std::filesystem::exists(kept) || !std::filesystem::exists(run.config())) return;
  write_file_atomically(kept, read_file(run.config()));
}

}  // namespace dermatome
