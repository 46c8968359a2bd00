#include "src/core/wrapped.h"

#include <sstream>

namespace dermatome {

std::string wrapped(std::string_view paragraph, std::string_view first, std::string_view others,
                    size_t width) {
  std::istringstream words{std::string(paragraph)};
  std::string lines, word, line(first);
  bool is_begin = true;
  while (words >> word) {
    if (!is_begin && line.size() + 1 + word.size() > width) {
      lines += line + "\n";
      line = others;
      is_begin = true;
    }
    line += (is_begin ? "" : " ") + word;
    is_begin = false;
  }
  return lines + line + "\n";
}

}  // namespace dermatome
