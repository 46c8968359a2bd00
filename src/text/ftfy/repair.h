// Repairs damaged text as ftfy 6.3's fix_text does with its default settings. The order of the
// steps and the heuristics are ftfy's (Robyn Speer, Apache 2.0); the code is not.
#pragma once

#include <string>
#include <string_view>

namespace dermatome {

// HTML references (until a "<" shows that the text is HTML itself), wrong decoding, ligatures,
// character width, quotation marks, line breaks, control characters; in normalization form C.
std::u32string repair_text(std::u32string_view text);

}  // namespace dermatome
