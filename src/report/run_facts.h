// What a run's directory says of how the run came about, for a person.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "src/config/train_options.h"

namespace dermatome {

// The configuration in a run's directory. Throws ConfigError when `run` is none.
TrainOptions read_run(const std::filesystem::path& run);

// [{"name", "value"}], texts, in the order to show them: when and how long the run was at work, its
// speed, memory, hardware, size and version. What is not known is left out. Throws
// DataError naming file and line.
nlohmann::json run_facts(const std::filesystem::path& run, const TrainOptions& options);

}  // namespace dermatome
