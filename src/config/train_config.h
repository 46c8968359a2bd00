// A training run's YAML file to TrainOptions and back.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "src/config/options.h"

namespace dermatome {

// Reads `path`, applies `overrides` ("objective.sigma=0.3", "seed=1"; the value is YAML), validates. Throws
// ConfigError naming file, line, key, the value and, for an unknown key, the nearest known one.
TrainOptions load_train_config(const std::filesystem::path& path,
                               const std::vector<std::string>& overrides);

// ObjectiveOptions from overrides alone ("mode=released", "sigma=0.3"), for the command `objective`.
ObjectiveOptions objective_options(const std::vector<std::string>& overrides);

// Every key with its resolved value, as YAML that load_train_config reads back to the same options.
std::string dump_train_config(const TrainOptions& options);

// SHA-256 over the settings that define the result (not name, output, resume, runtime, workers and
// prefetch): a checkpoint of another digest is another experiment.
std::string config_digest(const TrainOptions& options);

}  // namespace dermatome
