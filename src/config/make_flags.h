// The command lines of open_clip's and MAKE's training as a configuration.
#pragma once

#include <string>
#include <string_view>

namespace dermatome {

// A configuration (YAML) that trains as `command` would: a command line, with or without the words
// in front of its flags (python src/main.py, torchrun …), or a script with one such command. Flags
// without a counterpart, and what differs, stand in comments at the top. Defaults of open_clip that
// differ from those here are written out. Throws ConfigError for a command without flags, and for
// a value that the setting does not take.
std::string configuration_from_flags(std::string_view command);

}  // namespace dermatome
