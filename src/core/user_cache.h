// Where this user's caches are.
#pragma once

#include <filesystem>
#include <string>

#include "src/core/environment_variable.h"

namespace dermatome {

// The folder of the cache `name`: dermatome/NAME below $XDG_CACHE_HOME or ~/.cache. Empty if
// neither XDG_CACHE_HOME nor HOME is set.
inline std::filesystem::path user_cache(const std::string& name) {
  std::filesystem::path root = environment_variable("XDG_CACHE_HOME");
  const std::filesystem::path home = environment_variable("HOME");
  if (root.empty() && !home.empty()) root = home / ".cache";
  return root.empty() ? root : root / "dermatome" / name;
}

}  // namespace dermatome
