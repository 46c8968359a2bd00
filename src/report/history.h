// What a run logged about itself, as a report draws it.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

namespace dermatome {

// The most points of a curve; longer curves are drawn as means of neighboring points.
inline constexpr int64_t kMostPoints = 1000;

// <run>/results.jsonl by columns:
//   {"train": {"step": […], "loss": […], …}, "averaged": logged steps per point,
//    "validation": {NAME: {"step": […], METRIC: […]}}}
// A value that is missing or not finite is null. Columns are empty if nothing is logged yet, also
// without the file. A last line cut short is left out. Throws DataError naming file and line.
nlohmann::json read_curves(const std::filesystem::path& run_directory);

// The lines of <run>/evaluations.jsonl (`dermatome watch`) as they are, each an object with at
// least a string `benchmark` and an object `scores`; an empty array without the file. Throws
// DataError naming file and line.
nlohmann::json read_evaluations(const std::filesystem::path& run_directory);

}  // namespace dermatome
