// Reads damaged UTF-8: bytes that were turned into spaces or question marks, and the variants that
// encode UTF-16 instead of characters. Pure functions over bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dermatome {

// Spaces where only byte A0 makes likely UTF-8 become that byte.
std::string restore_no_break_bytes(std::string_view bytes);

// Sequences with lost bytes (1A, or one question mark) become U+FFFD.
std::string replace_lost_sequences(std::string_view bytes);

// Decodes strict UTF-8, and also surrogate pairs of three bytes each (CESU-8) and a null of two
// bytes (Java). nullopt for ill-formed bytes.
std::optional<std::u32string> decode_utf8_variants(std::string_view bytes);

}  // namespace dermatome
