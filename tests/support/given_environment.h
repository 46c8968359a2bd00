// An environment that a test gives instead of the process's own.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "src/distributed/world.h"

namespace dermatome {

using Variables = std::map<std::string, std::string>;

inline Environment environment_of(const Variables& variables) {
  return [variables](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

}  // namespace dermatome
