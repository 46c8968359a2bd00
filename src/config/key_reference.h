// What `dermatome config` prints about the keys of a training's configuration.
#pragma once

#include <string>
#include <string_view>

namespace dermatome {

// A configuration (YAML) with every key at its default, and its meaning above it in a comment.
std::string commented_defaults();

// Meaning, allowed values, default and other names of the setting that `key` names, or of every
// setting of the section. `key` may also be a last part ("lr"), or another program's name for it
// ("--wd"), which the text then says. Throws ConfigError with the nearest key for any other.
std::string explained_key(std::string_view key);

}  // namespace dermatome
