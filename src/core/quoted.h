// Names from files that others wrote, for messages.
#pragma once

#include <string>

namespace dermatome {

// `name` in quotation marks, on one line of valid UTF-8 whatever it holds; cut off when long.
std::string quoted(const std::string& name);

}  // namespace dermatome
