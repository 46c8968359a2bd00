// Repairs that look at single characters or short sequences: characters that only say how text is
// to be shown are replaced by what they show. Each follows the step of ftfy 6.3 with the same
// meaning.
#pragma once

#include <string>
#include <string_view>

namespace dermatome {

// Latin ligatures and digraphs become their letters ("ﬁ" -> "fi").
std::u32string split_ligatures(std::u32string_view text);

// Full-width Latin and half-width Katakana and Hangul become their usual forms, the ideographic
// space a space.
std::u32string normalize_width(std::u32string_view text);

// Curly quotation marks become straight ones.
void straighten_quotes(std::u32string& text);

// Every kind of line break becomes a line feed.
std::u32string unify_line_breaks(std::u32string_view text);

// Removes the sequences that set a terminal's colors.
std::u32string remove_terminal_escapes(std::u32string_view text);

// Removes control characters that show nothing.
void remove_controls(std::u32string& text);

}  // namespace dermatome
