#include "src/core/text.h"

namespace dermatome {

std::string join_parts(std::initializer_list<TextPart> parts) {
  size_t size = 0;
  for (const TextPart& part : parts) size += part.view().size();
  std::string joined;
  joined.reserve(size);
  for (const TextPart& part : parts) joined += part.view();
  return joined;
}

}  // namespace dermatome
