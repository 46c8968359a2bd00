// Files of JSON objects, one per line, to which a process appends.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace dermatome {

// Calls take(object, where) for every line of `path`; `where` is "FILE:LINE". Returns how many
// bytes those lines have. Text behind the last line break does not count: its writer was killed or
// is still writing. A missing file has no lines. Throws DataError for a line that is not an object,
// and what `take` throws.
using TakeLine =
    std::function<void(const nlohmann::ordered_json& object, const std::string& where)>;
uint64_t read_json_lines(const std::filesystem::path& path, const TakeLine& take);

// Appends `object` as a line, which is on the disk on return. A last line that was cut short by a
// kill is removed first. Throws DataError and leaves the whole lines as they were.
void append_json_line(const std::filesystem::path& path, const nlohmann::ordered_json& object);

}  // namespace dermatome
