// A value in a YAML document to a field's value.
#pragma once

#include <optional>
#include <string>

#include "src/config/field.h"

namespace YAML {
class Node;
}

namespace dermatome {

// What the value looks like in a message.
std::string shown(const YAML::Node& node);

// Stores the value. Returns what is wrong with it, as the end of a sentence; nullopt: nothing.
std::optional<std::string> read_value(const YAML::Node& node, const FieldValue& value);

}  // namespace dermatome
