// Code points and the few properties of them that the tokenizer needs, with the meaning Python
// gives them (the reference tokenizer is Python). All functions are pure and may be called from any
// thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace dermatome {

// Stands for bytes that could not be read.
inline constexpr char32_t kReplacementCharacter = 0xfffd;

// Ill-formed bytes become the replacement character, one for each maximal part of a sequence
// (Unicode 15, section 3.9).
std::u32string decode_utf8(std::string_view text);
std::string encode_utf8(std::u32string_view text);

// How many bytes at the beginning of `text` are well-formed UTF-8: all of them, or those before the
// first ill-formed sequence.
size_t well_formed_length(std::string_view text);

// str.isspace: the characters that str.split and str.strip take for white space.
bool is_space(char32_t c);
// Categories L*, N* and Nd.
bool is_letter(char32_t c);
bool is_number(char32_t c);
bool is_decimal_digit(char32_t c);

inline bool is_ascii_letter(char32_t c) { return (c | 0x20) >= U'a' && (c | 0x20) <= U'z'; }
inline bool is_ascii_digit(char32_t c) { return c >= U'0' && c <= U'9'; }

// ASCII's control characters except tab, line feed, form feed and carriage return.
bool is_ascii_control(char32_t c);
// C1: the control characters 80 to 9F.
inline bool is_c1_control(char32_t c) { return c >= 0x80 && c <= 0x9f; }

// Normalization forms C and KC.
std::u32string compose(std::u32string text);
std::u32string compose_compatibly(const std::u32string& text);
// Normalization form D of Unicode 9 (BERT's reference tokenizer has no newer one): younger
// characters stay as they are and where they are.
std::u32string decompose(const std::u32string& text);

// Full lower-casing without a locale (str.lower): a sigma at the end of a word becomes its final
// form.
std::u32string lower(std::u32string text);

// Runs of white space become one space, none at the ends.
std::u32string collapse_spaces(std::u32string_view text);

}  // namespace dermatome
