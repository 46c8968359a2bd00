// The starts of a run: <run>/starts.jsonl, one JSON object per start, so that a result can be
// traced later to what made it.
//
// Besides `time` (in UTC) and what the caller knows, a line holds of the process that writes it
// `host`, `process`, `job` (of Slurm), `command`, `folder` (where it was started), `cpu` and `gpus`
// (models), and `environment`: the variables of a fixed list that are set, none of which is a
// secret.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

namespace dermatome {

// Appends a line with `facts` to the file of the run in `run_directory`. One process calls it.
// Throws DataError.
void log_start(const std::filesystem::path& run_directory, const nlohmann::ordered_json& facts);

}  // namespace dermatome
