// `dermatome report RUN RUN…`: several runs side by side.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <span>

namespace dermatome {

// The data of the page of a comparison (page.h):
//   {"runs": [{"name", "path", "curves", "evaluations", "facts"}], "lower_is_better",
//    "differing": [{"key", "values": [one per run]}]}
// `curves` and `evaluations` are those of history.h, `facts` those of run_facts.h. `differing`
// lists the settings in which a run differs from the first one; runs with equal names are told
// apart by their paths. Throws ConfigError when a path is no run, DataError when one of a run's
// files is damaged.
nlohmann::json collect_comparison(std::span<const std::filesystem::path> runs);

}  // namespace dermatome
