// Files of JSON objects, one a line, to which a process appends.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

namespace dermatome {

// Calls take(object, where) for every line of `path`, where being "FILE:LINE", and returns how many
// bytes those lines are. What is behind the last line break, from a writer that was killed or is at
// it, does not count. A file that is missing has no lines. Throws DataError for any other line that
// is no object, and what `take` throws.
using TakeLine =
    std::function<void(const nlohmann::ordered_json& object, const std::string& where)>;
uint64_t read_json_lines(const std::filesystem::path& path, const TakeLine& take);

}  // namespace dermatome
