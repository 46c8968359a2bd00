// Paragraphs in lines.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace dermatome {

// The words of `paragraph` in lines of at most `width` bytes, unless a word is longer. The first
// line begins with `first`, the others with `others`; each ends with a line break.
std::string wrapped(std::string_view paragraph, std::string_view first, std::string_view others,
                    size_t width = 100);

}  // namespace dermatome
