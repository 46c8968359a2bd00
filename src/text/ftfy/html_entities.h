// HTML character references as text. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace dermatome {

// Replaces every reference that HTML 5 knows, as Python's html.unescape does: a name without its
// semicolon or with text behind it counts by its longest known prefix; numbers that name no
// character follow the standard's replacements.
std::u32string unescape_html(std::u32string_view text);

// Replaces only references that are certain: closed by a semicolon and known as a whole. Names of
// lower-case letters are also known in upper case and then mean the upper-case character (ftfy's
// rule).
std::u32string unescape_closed_html(std::u32string_view text);

}  // namespace dermatome
