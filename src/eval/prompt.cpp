#include "src/eval/prompt.h"

#include <string_view>

namespace dermatome {

std::string fill_template(std::string prompt, const std::string& name) {
  constexpr std::string_view kHole = "{}";
  for (size_t at = prompt.find(kHole); at != std::string::npos;
       at = prompt.find(kHole, at + name.size())) {
    prompt.replace(at, kHole.size(), name);
  }
  return prompt;
}

}  // namespace dermatome
