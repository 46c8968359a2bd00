// A result as a table for people.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace dermatome {

// The scores of a result, one per line with four digits: with their 95 % intervals, the deviations
// over draws, and the scores without near-duplicates, if the result has them. `result` is what
// result_json() or probe_line() returned. Ends with an empty line.
std::string result_table(const nlohmann::ordered_json& result);

}  // namespace dermatome
