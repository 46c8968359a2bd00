// Lists in messages: "a, b, c".
#pragma once

#include <functional>
#include <string>

#include "src/core/text.h"

namespace dermatome {

// What `project` makes of each of `parts` (anything that text() takes), separated by commas. Empty
// parts at the beginning leave no comma.
template <typename Parts, typename Project = std::identity>
std::string joined(const Parts& parts, const Project& project = {}) {
  std::string list;
  for (const auto& part : parts) list += text(list.empty() ? "" : ", ", project(part));
  return list;
}

}  // namespace dermatome
