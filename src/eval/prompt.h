// Prompts made of templates.
#pragma once

#include <string>

namespace dermatome {

// `prompt` with every {} replaced by `name`.
std::string fill_template(std::string prompt, const std::string& name);

}  // namespace dermatome
