// Splits cleaned text into the pieces that byte-pair encoding works on: the special tokens' names,
// English contractions, runs of letters, single digits and runs of anything else that is no space.
#pragma once

#include <string_view>
#include <vector>

namespace dermatome {

inline constexpr std::u32string_view kStartOfText = U"<start_of_text>";
inline constexpr std::u32string_view kEndOfText = U"<end_of_text>";

// `text` is lower case; the views point into it.
std::vector<std::u32string_view> split_pieces(std::u32string_view text);

}  // namespace dermatome
