// Splits text into the words of which BERT's tokenizer makes pieces.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace dermatome {

struct WordPieceRules {
  bool lower_case = true;
  bool strip_accents = true;
  // Every ideograph is a word of its own.
  bool split_ideographs = true;
  // A word of more characters than this is unknown.
  size_t longest_word = 100;
};

// `text` (UTF-8; ill-formed bytes count as U+FFFD, which is removed) without control characters, in
// lower case and without accents as `rules` say, with spaces around ideographs.
std::u32string clean_for_bert(std::string_view text, const WordPieceRules& rules);

// The words of cleaned text: what stands between white space, and every punctuation character
// alone. The views point into `text`.
std::vector<std::u32string_view> split_words(std::u32string_view text);

}  // namespace dermatome
