// What BERT's tokenizer asks about a character, as its reference (the tokenizers library 0.23)
// answers. Categories are those of Unicode 8, which the reference's tables hold: a younger
// character is no mark, no punctuation and no control. All functions may be called from any thread.
#pragma once

#include <string>

namespace dermatome {

// Removed from every text: controls, formats and private characters, U+0000 and U+FFFD, except tab,
// line feed and carriage return.
bool is_bert_control(char32_t c);
// Unicode's property White_Space.
bool is_bert_space(char32_t c);
// ASCII's symbols and Unicode's category P.
bool is_bert_punctuation(char32_t c);
// A Chinese, Japanese or Korean ideograph, which is a word of its own.
bool is_ideograph(char32_t c);

// The characters of `text` decomposed as in Unicode 9, without nonspacing marks.
std::u32string without_accents(const std::u32string& text);

// Character by character, so that a sigma has no final form. Capitals that are younger than the
// system's ICU stay as they are.
std::u32string bert_lower(std::u32string text);

}  // namespace dermatome
