// Undoes wrong decoding: UTF-8 that was read as a single-byte encoding, once or several times over.
#pragma once

#include <string>

namespace dermatome {

// The text that the writer meant, as far as it can be known; other text comes back unchanged.
// Follows ftfy 6.3's fix_encoding.
std::u32string repair_encoding(std::u32string text);

// C1 control characters become what their numbers mean in Windows-1252.
void replace_c1_controls(std::u32string& text);

}  // namespace dermatome
