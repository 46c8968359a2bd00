// A training run's YAML file to TrainOptions and back.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "src/config/objective_options.h"
#include "src/config/train_options.h"

namespace dermatome {

// Reads `path`, applies `overrides` ("objective.sigma=0.3", "seed=1"; the value is YAML; the last
// one of a key wins), resolves what follows from other settings (an empty name, `negatives` in
// `released` mode, the parts of MAKE with `objective.name: clip`, warm-up that is not set if
// `schedule.max_steps` is) and validates. Throws ConfigError
// naming file, line, column, key, the value and, for an unknown key, the nearest known one. Paths
// stay as written. How long warm-up may be, and how long it is if it is not set, depends on the
// data with `schedule.epochs`; see src/train/run_length.h.
TrainOptions load_train_config(const std::filesystem::path& path,
                               const std::vector<std::string>& overrides);

// ObjectiveOptions from overrides alone ("mode=released", "sigma=0.3"), for the command
// `objective`.
ObjectiveOptions objective_options(const std::vector<std::string>& overrides);

// A setting's dotted key and its resolved value, as YAML on one line.
struct Setting {
  std::string key;
  std::string value;
};

// All settings, in the order of dump_train_config().
std::vector<Setting> list_settings(const TrainOptions& options);

// The settings as YAML, a section's behind each other.
std::string settings_yaml(const std::vector<Setting>& settings);

// Every key with its resolved value, as YAML that load_train_config reads back to the same options.
std::string dump_train_config(const TrainOptions& options);

// SHA-256 over the settings that define the trained weights: a checkpoint of another digest is
// another experiment. Left out are the settings that say where data lies (a checkpoint names its
// data set by digest) and how a run is carried out and watched: name, output, resume, accum,
// model.checkpointed_image_blocks and _text_blocks, data.train, data.stage, data.validation,
// data.workers, data.prefetch, data.on_corrupt, data.max_corrupt and the sections checkpoint,
// validation and runtime. Some settings are part of it only in some configurations: objective.name
// unless it is `auto`, from and from_optimizer where `from` is set, data.weights and
// data.epoch_samples with `data.sampling: resampled`, and those that came later than the digest
// (model.lock_image and _text, the optimizer's rates and weight decays of towers, layer_decay)
// where they are not at their default. Take the digest of options whose warm-up is
// known: a warm-up of -1 counts as 10,000 steps.
std::string config_digest(const TrainOptions& options);

}  // namespace dermatome
