// A command as one line of text.
#pragma once

#include <string>
#include <vector>

namespace dermatome {

// `words`, quoted where it is needed so that a shell reads the same words.
std::string as_typed(const std::vector<std::string>& words);

}  // namespace dermatome
