// A JSON value as the cell of a table.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace dermatome {

// Text as it is, numbers and truth values as JSON writes them; null, lists and objects are empty.
template <typename Json>
std::string json_cell(const Json& value) {
  if (value.is_string()) return value.template get<std::string>();
  return value.is_number() || value.is_boolean() ? value.dump() : "";
}

}  // namespace dermatome
