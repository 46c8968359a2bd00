#include "src/core/as_typed.h"

namespace dermatome {

std::string as_typed(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) {
    const bool plain =
        !word.empty() && word.find_first_of(" \t\n'\"\\$`*?[]{}()<>|&;#~!") == std::string::npos;
    std::string quoted = "'";
    for (const char each : word)
      quoted += each == '\'' ? std::string("'\\''") : std::string(1, each);
    line += (line.empty() ? "" : " ") + (plain ? word : quoted + "'");
  }
  return line;
}

}  // namespace dermatome
