// Variables of this process's environment.
#pragma once

#include <cstdlib>
#include <string>

namespace dermatome {

// The value of variable `name`; empty if it is empty or not set.
inline std::string environment_variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace dermatome
