// What each setting means: the comment above its field in the structs of options. The headers are
// part of the binary as they are, so that the text is written once.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace dermatome {

// The comment of every field of every section by the setting's dotted key, on one line.
const std::map<std::string, std::string, std::less<>>& option_meanings();

// The comments of the fields of the structs in `header` by the fields' names. A comment stands on
// lines of its own above the field, or behind it.
std::map<std::string, std::string, std::less<>> field_comments(std::string_view header);

}  // namespace dermatome
