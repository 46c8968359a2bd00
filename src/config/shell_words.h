// A shell's command line as words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dermatome {

// The words of `command`, as bash would split it: quotation marks and backslashes are resolved,
// comments left out. A backslash before white space continues the line. Variables and patterns stay
// as written. Throws ConfigError for a quotation mark without its second one.
std::vector<std::string> shell_words(std::string_view command);

}  // namespace dermatome
