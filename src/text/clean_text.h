// What open_clip does with a text before any of its tokenizers sees it.
#pragma once

#include <string>
#include <string_view>

namespace dermatome {

// `text` is UTF-8; ill-formed bytes become U+FFFD. Repairs it as ftfy does (ftfy/repair.h),
// replaces HTML's entities twice, and makes one space of every run of white space, none at the
// ends.
std::u32string clean_text(std::string_view text);

}  // namespace dermatome
